//! What must survive: kills, full and read-only disks, and the demonstration as its users meet it.

mod disk;
mod kill;
mod six_steps;
