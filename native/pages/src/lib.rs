//! A page-guard allocator, armed late in a forked child: the first touch of freed memory faults, and a record says who
//! allocated, freed and touched it.
//!
//! Every guarded block ends at the end of its last page and has its pages to itself. Freed, they are made
//! inaccessible and never used again, so that a stale pointer faults for as long as the process lives, however much is
//! allocated in between. What is written behind the end faults too, or is found in the slack when the block is freed.
//!
//! [`Guard::reserve`] takes the address range while the process may still grow (in the zygote). [`Guard::arm`], in the
//! child, chains a handler in front of the one for fatal signals (so call it after `faulthandler.enable()`). What then
//! allocates from the guard is the caller's choice: [`Guard::patch`] leads the import slots of libraries to it,
//! [`Guard::guard_objects`] puts it under Python's own allocators. A block may be freed through any of them, and what
//! the guard did not allocate it passes on: slots can be patched before it is armed, and it can be armed at any time.
//!
//! [`fail_allocation`] is the other thing that an allocator can do to a program: it has one allocation of the interpreter fail.
//!
//! [`Guard::begin`] says which step a thread is in. A fault is appended to the [`Journal`](deadhand_journal::Journal)
//! before the process dies of it. The handler takes no lock and allocates nothing; stacks, which need an unwinder that
//! may, are only taken when asked for, and after the record is written.
//!
//! # What it cannot see
//!
//! Blocks from before it was armed; what an allocator inside a library, or a cache above `malloc`, hands out again; reads
//! in the slack of up to 15 bytes behind a block; accesses before its start.
//!
//! # Records
//!
//! `MessagePack` arrays; a moment is `[step, thread]`, or nil if it was before the program that runs; thread -1 is one
//! that the library made.
//!
//! ```text
//! ["V", kind, access, offset, size, made, freed, touched]
//! ["N", "made" | "freed" | "touched", [address, …]]         with stacks only
//! ["M", part of /proc/self/maps]                            with stacks only, to resolve them by
//! ```
#![cfg(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64"))]

mod aim;
mod arena;
mod calls;
mod error;
mod fault;
mod guard;
mod ledger;
mod mappings;
mod method;
mod moment;
mod objects;
mod python;
mod replacements;
mod report;
mod seats;
mod shortage;
mod stack;
mod symbols;
mod threads;
mod trace;

pub use error::PagesError;
pub use guard::{Counts, Guard, Left};
pub use method::Method;
pub use moment::Moment;
pub use replacements::{Replacement, allocating, freeing};
pub use shortage::fail_allocation;
pub use symbols::{Symbol, resolve};
