//! What must survive: kills, full and read-only disks, servers that go away, clocks that leap, and the demonstration as its users meet it.

mod backup;
mod clock;
mod database;
mod disk;
mod frozen;
mod instances;
mod kill;
mod lives;
mod office;
mod operate;
mod policy;
mod registers;
mod reopening;
mod six_steps;
mod strangers;
mod syscalls;
mod witness;
mod witnesses;
