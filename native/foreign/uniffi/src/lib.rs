//! deadhand-core through UniFFI, as a UniFFI author would export it.
//!
//! Each class of `deadhand._native` is an object here, and each method asks the core. What belongs to UniFFI is left as
//! it is: who frees what, what is checked on the way in, what becomes of a panic or of an exception in a callback. That
//! is what the plans in `strategies/foreign/` attack.

mod buffer;
mod callback;
mod channel;
mod consumer;
mod deleter;
mod error;
mod event;
mod item;
mod ledger;
mod pool;
mod producer;
mod reader;
mod registration;
mod runtime;
mod slice;
mod span;
mod store;
mod task;
mod text;
mod writer;

pub use buffer::Buffer;
pub use callback::{AsyncCallback, CallFailed, Callback, OnDead, WeakCallback};
pub use channel::{Counts, Ends, channel};
pub use consumer::Consumer;
pub use deleter::Deleter;
pub use error::{CoreError, Failure, LastError, last_error, provoke_panic_outside};
pub use event::Event;
pub use item::Item;
pub use ledger::core_ledger;
pub use pool::{Pool, PoolReport};
pub use producer::Producer;
pub use reader::{Pair, Reader};
pub use registration::Registration;
pub use runtime::{Closing, Runtime, pause};
pub use slice::Slice;
pub use span::Span;
pub use store::Store;
pub use task::{Cancel, Task};
pub use text::Text;
pub use writer::Writer;

uniffi::setup_scaffolding!("deadhand_core_uniffi");
