//! Deterministic schedules inside unmodified native code.
//!
//! [`slots`] redirects what loaded objects import. On it stands a scheduler: in a [`Region`] one thread runs at a time,
//! and which one goes on at a lock, after a release, after a `free` is decided by a policy, written down, and repeated at
//! will. The GIL is modelled as the lock it is.

mod errno;
mod fork;
mod hooks;
mod policy;
mod raw;
mod real;
mod region;
mod sched;
mod scheduler;
pub mod slots;

pub use policy::PolicyKind;
pub use region::{DEADLOCK, FULL_JOURNAL, MOST_THREADS, Plan, Region, RegionError, Report, Turn, point};
pub use sched::state::Control;
pub use scheduler::{ArmError, Status, arm, disarm, status};
