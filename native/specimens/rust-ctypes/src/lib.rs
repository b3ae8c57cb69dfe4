//! Specimens in Rust without PyO3: a plain C ABI, driven by the ctypes wrappers beside `src`.
//! The crate is built twice, with and without the feature `fixed`, the only difference.

mod catalog;
mod depot;
mod jukebox;
mod page;
mod parcel;
mod ticket;
mod tally;
#[path = "../../rust/src/window.rs"]
mod window;

pub(crate) use window::window;

const FIXED: bool = cfg!(feature = "fixed");
