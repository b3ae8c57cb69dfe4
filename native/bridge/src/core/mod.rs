//! deadhand-core as Python classes: one class per kind of handle, each no more than the handle.
//!
//! How a module of the core is bridged: a frozen class around the core's `Copy` handle; every method converts its
//! arguments, calls the core without the GIL (`py.detach`) and turns its error into an exception in `errors`; `Drop`
//! goes through `drop::undisposed`. Whoever may do what is for the core to say.

pub(crate) mod errors;

mod buffer;
mod cargo;
mod consumer;
mod contents;
mod deleter;
mod drop;
mod event;
mod exit;
mod interface;
mod ledger;
mod memory;
mod pool;
mod producer;
mod reader;
mod record;
mod registration;
mod runtime;
mod slice;
mod span;
mod store;
mod target;
mod task;
mod text;
mod wait;
mod waiters;
mod waiting;
mod writer;

pub(crate) use buffer::Buffer;
pub(crate) use consumer::Consumer;
pub(crate) use deleter::Deleter;
pub(crate) use event::Event;
pub(crate) use exit::prepare;
pub(crate) use interface::Interface;
pub(crate) use ledger::core_ledger;
pub(crate) use pool::Pool;
pub(crate) use producer::{Producer, channel};
pub(crate) use reader::Reader;
pub(crate) use record::{LastError, clear_last_error, last_error, take_last_error};
pub(crate) use registration::Registration;
pub(crate) use runtime::Runtime;
pub(crate) use slice::Slice;
pub(crate) use span::Span;
pub(crate) use store::Store;
pub(crate) use task::Task;
pub(crate) use text::Text;
pub(crate) use writer::Writer;
