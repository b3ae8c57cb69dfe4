//! Deterministic schedules inside unmodified native code.
//!
//! [`slots`] redirects what loaded objects import. On it stands a scheduler: in a [`Region`] one thread runs at a time,
//! and which one goes on at a lock, after a release, after a `free` is decided by a policy, written down, and repeated at
//! will. The GIL is modelled as the lock it is.
//!
//! What escapes: fast paths that take a free lock without a call (they need no wait, so control is not lost, but there is
//! no point), bare system-call instructions, objects linked statically. A thread that waits in one of those keeps the
//! token only for a while; then control is lost, and the report says so.

mod model;

/// What exists only where import slots and the C library are as expected.
macro_rules! supported {
    ($($item:item)*) => {
        $(#[cfg(all(target_os = "linux", target_env = "gnu", any(target_arch = "x86_64", target_arch = "aarch64")))] $item)*
    };
}

supported! {
    mod descriptor;
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

    pub use region::{Region, Turn, handle_point, interpreter_exits, point};
    pub use scheduler::{arm, disarm, status};
}

#[cfg(not(all(target_os = "linux", target_env = "gnu", any(target_arch = "x86_64", target_arch = "aarch64"))))]
mod unsupported;

pub use model::{
    ArmError, Control, Count, DEADLOCK, FULL_JOURNAL, MOST_STOPS, MOST_THREADS, Moment, Plan, PolicyKind, RegionError,
    Report, Status, Stop,
};
#[cfg(not(all(target_os = "linux", target_env = "gnu", any(target_arch = "x86_64", target_arch = "aarch64"))))]
pub use unsupported::{Region, Turn, arm, disarm, handle_point, interpreter_exits, point, status};
