//! What every function does first and last: the fence, the record, and a look at what the host has passed.

use std::time::Duration;

use deadhand_core::buffer::BufferError;
use deadhand_core::callback::CallbackError;
use deadhand_core::channel::ChannelError;
use deadhand_core::error::{Code, Coded, OnSuccess};
use deadhand_core::future::FutureError;
use deadhand_core::guard::{CallError, GuardError, Handle};
use deadhand_core::store::StoreError;
use deadhand_core::text::TextError;

use crate::Status;

/// What can go wrong in any function: what the core says, and what the host has passed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("{name} is null: pass the address of {what}")]
    Null { name: &'static str, what: &'static str },
    #[error("{name} at {address:#x} is not aligned: pass the address of {what}")]
    Misaligned { name: &'static str, what: &'static str, address: usize },
    #[error("{name} of {length} bytes is longer than anything in memory: pass its length in bytes")]
    TooLong { name: &'static str, length: usize },
    #[error("{name} is out of range: {remedy}")]
    OutOfRange { name: &'static str, remedy: &'static str },
    #[error("the host's function failed with {0}: see what it says itself")]
    Host(i32),
    #[error(transparent)]
    Guard(#[from] GuardError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Buffer(#[from] BufferError),
    #[error(transparent)]
    Text(#[from] TextError),
    #[error(transparent)]
    Callback(#[from] CallbackError),
    #[error(transparent)]
    Channel(#[from] ChannelError),
    #[error(transparent)]
    Future(#[from] FutureError),
}

impl Error {
    /// Whether the object had been closed before.
    fn gone(&self) -> bool {
        let call = match self {
            Self::Guard(error) | Self::Store(StoreError::Guard(error)) => return of_the_past(error),
            Self::Buffer(BufferError::Call(error))
            | Self::Text(TextError::Call(error))
            | Self::Callback(CallbackError::Call(error))
            | Self::Channel(ChannelError::Call(error))
            | Self::Future(FutureError::Call(error)) => error,
            _ => return false,
        };
        matches!(call, CallError::Guard(error) if of_the_past(error))
    }
}

fn of_the_past(error: &GuardError) -> bool {
    matches!(error, GuardError::Stale { .. } | GuardError::Closed { .. })
}

impl Coded for Error {
    fn code(&self) -> Code {
        match self {
            Self::Null { .. } | Self::Misaligned { .. } => Code::NullPointer,
            Self::TooLong { .. } | Self::OutOfRange { .. } => Code::OutOfRange,
            Self::Host(_) => Code::Host,
            Self::Guard(error) => error.code(),
            Self::Store(error) => error.code(),
            Self::Buffer(error) => error.code(),
            Self::Text(error) => error.code(),
            Self::Callback(error) => error.code(),
            Self::Channel(error) => error.code(),
            Self::Future(error) => error.code(),
        }
    }

    fn handle(&self) -> Option<Handle> {
        match self {
            Self::Guard(error) => error.handle(),
            Self::Store(error) => error.handle(),
            Self::Buffer(error) => error.handle(),
            Self::Text(error) => error.handle(),
            Self::Callback(error) => error.handle(),
            Self::Channel(error) => error.handle(),
            Self::Future(error) => error.handle(),
            _ => None,
        }
    }
}

/// Runs a function that makes something of nothing.
pub(crate) fn entry(call: impl FnOnce() -> Result<(), Error>) -> Status {
    finish(None, call)
}

/// Runs a function on a handle.
pub(crate) fn on(handle: u64, call: impl FnOnce(Handle) -> Result<(), Error>) -> Status {
    let about = Handle::from_u64(handle);
    finish(about.as_ref().ok().copied(), || call(about?))
}

/// Runs a function that closes something: again is nothing.
pub(crate) fn closing(handle: u64, call: impl FnOnce(Handle) -> Result<(), Error>) -> Status {
    on(handle, |handle| call(handle).or_else(|error| if error.gone() { Ok(()) } else { Err(error) }))
}

fn finish(about: Option<Handle>, call: impl FnOnce() -> Result<(), Error>) -> Status {
    match deadhand_core::error::entry(about, OnSuccess::Clear, call) {
        Ok(()) => Status::Ok,
        Err(code) => code.into(),
    }
}

/// What can be an answer, and what it is while there is none.
pub(crate) trait Answer: Copy {
    const NONE: Self;
}

impl Answer for u64 {
    const NONE: Self = 0;
}

impl Answer for usize {
    const NONE: Self = 0;
}

impl Answer for i32 {
    const NONE: Self = 0;
}

impl<T> Answer for *mut T {
    const NONE: Self = std::ptr::null_mut();
}

/// Where an answer goes.
pub(crate) struct Out<'a, T>(&'a mut T);

impl<T: Answer> Out<'_, T> {
    /// The place, with no answer in it yet.
    ///
    /// # Safety
    /// The pointer is null, or valid for writes until the call of the host returns.
    pub(crate) unsafe fn new(pointer: *mut T, name: &'static str) -> Result<Self, Error> {
        const WHAT: &str = "a variable for the answer";
        if pointer.is_null() {
            return Err(Error::Null { name, what: WHAT });
        }
        if !pointer.is_aligned() {
            return Err(Error::Misaligned { name, what: WHAT, address: pointer.addr() });
        }
        // SAFETY: neither null nor misaligned, and the caller promises the rest.
        unsafe { pointer.write(T::NONE) };
        // SAFETY: the same, and it is initialised now.
        Ok(Self(unsafe { &mut *pointer }))
    }

    pub(crate) fn put(self, answer: T) {
        *self.0 = answer;
    }
}

/// Bytes of the host. Null is an empty one.
///
/// # Safety
/// The pointer is null, or leads to that many bytes that nobody changes until the call of the host returns.
pub(crate) unsafe fn bytes<'a>(data: *const u8, length: usize, name: &'static str) -> Result<&'a [u8], Error> {
    check(data, length, name)?;
    if length == 0 {
        return Ok(&[]);
    }
    // SAFETY: not null, not longer than memory, and the caller promises the rest.
    Ok(unsafe { std::slice::from_raw_parts(data, length) })
}

/// Memory of the host to be filled. Null is an empty one.
///
/// # Safety
/// The pointer is null, or leads to that many bytes that nobody else uses until the call of the host returns.
pub(crate) unsafe fn room<'a>(data: *mut u8, length: usize, name: &'static str) -> Result<&'a mut [u8], Error> {
    check(data, length, name)?;
    if length == 0 {
        return Ok(&mut []);
    }
    // SAFETY: not null, not longer than memory, and the caller promises the rest.
    Ok(unsafe { std::slice::from_raw_parts_mut(data, length) })
}

fn check(data: *const u8, length: usize, name: &'static str) -> Result<(), Error> {
    if length > isize::MAX.unsigned_abs() {
        return Err(Error::TooLong { name, length });
    }
    if data.is_null() && length > 0 {
        return Err(Error::Null { name, what: "as many bytes as the length says" });
    }
    Ok(())
}

/// How long to wait: seconds, or without end if there are fewer than none.
pub(crate) fn patience(seconds: f64) -> Result<Option<Duration>, Error> {
    if seconds < 0.0 {
        return Ok(None);
    }
    let remedy = "pass seconds, 0 or more, or -1 to wait without end";
    Duration::try_from_secs_f64(seconds).map(Some).map_err(|_| Error::OutOfRange { name: "seconds", remedy })
}
