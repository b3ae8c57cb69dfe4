//! An embedded database behind four kinds of handles.
//!
//! | kind | who may use it | its end |
//! |---|---|---|
//! | [`Store`] | any thread, many at once | closed at once, freed after its last reader and writer; or refuses |
//! | [`Reader`], of a store | any thread, one at a time | a snapshot; keeps the store's database open |
//! | [`Writer`], of a store | any thread, one at a time; one per store | commit, or else everything is undone |
//! | [`Deleter`], of a writer | the thread that made it | also that thread's; dropped elsewhere, it is queued home |
//!
//! A handle is a number: it may be copied, kept too long and used on any thread. What comes back is an answer or a
//! [`StoreError`]. A panic in a call fences off the object that it struck, and no other.

mod alive;
mod database;
mod deleter;
mod error;
mod gate;
mod home;
mod reader;
#[expect(clippy::module_inception, reason = "the store is what the module is about")]
mod store;
mod tables;
mod writer;

pub use alive::{Alive, alive};
pub use deleter::Deleter;
pub use error::StoreError;
pub use reader::{Item, Reader};
pub use store::Store;
pub use writer::Writer;

#[cfg(test)]
mod tests;
