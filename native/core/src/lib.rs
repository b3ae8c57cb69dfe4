//! A small native library whose every object is a guarded handle.
//!
//! It is what `deadhand-guard` looks like in use, and it is hunted itself. Nothing here knows of Python: the bindings
//! convert, and this crate decides.
#![forbid(unsafe_code)]

/// What the handles of this crate are made of, for those who convert them and their errors.
pub use deadhand_guard as guard;

pub mod buffer;
pub mod callback;
pub mod census;
pub mod channel;
pub mod error;
mod fenced;
pub mod future;
pub mod ledger;
mod lock;
#[cfg(test)]
mod planted;
mod process;
mod provoked;
pub mod store;
pub mod text;
