//! gridvault: a vault for residents' personal data in which every lookup is decided by rules and on record before
//! any value leaves.
//!
//! ```text
//!   cli ─ api ─┬─ lookup ── identity · records · permit · seal · trail
//!              └─ register (every other change, each with its entry) · import · demo
//!                               all of them ── store (the only room that knows SQL)
//! ```

pub mod api;
pub mod authority;
pub mod backup;
pub mod cli;
pub mod clock;
pub mod config;
pub mod demo;
mod disk;
pub mod export;
pub mod identity;
pub mod import;
pub mod life;
pub mod lookup;
pub mod permit;
pub mod records;
pub mod register;
pub mod seal;
pub mod store;
pub mod tls;
pub mod trail;
mod vault;
pub mod witness;
mod words;

/// Values read by one thread are dropped by another all the time; the system's allocator pays for that.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

pub use vault::{Daily, Layout, Nature, OpenError, Vault};
