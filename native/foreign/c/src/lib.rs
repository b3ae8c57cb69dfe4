//! The core through a C interface. `deadhand.h` is made from this crate; a test holds the two together.
//!
//! - A handle is a `uint64_t`; 0 is none. Each use is checked, so a handle that is gone gives a status, never a crash.
//! - Each function returns a [`Status`]; answers go through pointers, and are zero if there is none. What went wrong
//!   is recorded for the thread: see [`error`].
//! - Nothing here waits for a host's lock, and nothing of the host runs under one of ours: callbacks may call back.
//!
//! # Safety
//! For every function of this crate the same: a pointer with a length leads to that many bytes, any other one to one
//! object of its type, and both stay valid until the call returns; null is allowed, and is an error where there must be
//! something. Function pointers must not unwind, and must be callable from any thread that the host uses or that a
//! runtime has. What native has handed out is given back once, as it was.
#![expect(clippy::missing_safety_doc, reason = "one contract for all functions, told above")]

pub mod buffer;
pub mod bytes;
pub mod channel;
mod entry;
pub mod error;
pub mod event;
pub mod handle;
pub mod host;
pub mod pool;
pub mod reader;
pub mod slice;
pub mod span;
pub mod status;
pub mod store;
pub mod task;
pub mod text;
pub mod writer;

pub use status::Status;
