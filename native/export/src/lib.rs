//! Python's buffer protocol for bindings that are built for the stable ABI of Python 3.10, with nothing unsafe for them
//! to do.
//!
//! The stable ABI has the protocol only since Python 3.11, so that a class of such bindings cannot offer it itself. But
//! everything that it takes is in every Python from 3.10 on, and exported: module `ffi` declares it, and has it checked.
//!
//! - [`lend`] and [`lend_writable`] give the host a `memoryview` of native bytes. What owns them is kept until the last
//!   view, slice of it, or array over it has let go, and is then dropped, on whatever thread that was.
//! - [`Borrowed`] is memory of the host that native fills without the GIL, pinned meanwhile.
#![deny(unsafe_code)]

mod borrow;
mod exporter;
mod ffi;
mod lend;
mod loan;

pub use borrow::Borrowed;
pub use lend::{lend, lend_writable};
