//! A small interface as C libraries have it: numbers go in, a number comes out, and the record says the rest.
//!
//! It is about buffers, and has tables of its own, as a library has that gives out contexts: so a handle can be of the
//! wrong one, and the limits of a table can be so small that they are met.

use std::sync::LazyLock;

use deadhand_guard::{Block, CallError, GuardError, Handle, SharedTable};

use super::{Code, Coded, OnSuccess, entry};
use crate::buffer::{BufferError, Buffers};
use crate::census::kind;
use crate::ledger::counted;
use crate::provoked::provoked;

/// How much an interface can have; what is not said is as large as can be.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    /// Slots of the table of buffers.
    pub slots: Option<u32>,
    /// Buffers that one slot can have, one after the other.
    pub generations: Option<u32>,
}

/// A handle of an interface, for any number of threads at once.
///
/// The methods in the first block are its entries: they record what goes wrong, for their thread. The others answer as
/// Rust does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interface {
    handle: Handle,
    on_success: OnSuccess,
}

/// Why an entry failed, before it is a code: by a buffer, or by the host that was called back.
#[derive(Debug)]
enum Reason {
    Buffer(BufferError),
    /// The host has its own way to say why.
    Host,
}

impl Interface {
    /// Makes a buffer of zeros.
    ///
    /// # Errors
    /// The code of what is recorded; so for all entries.
    pub fn allocate(self, length: usize) -> Result<Handle, Code> {
        self.enter(None, |buffers| buffers.allocate(length))
    }

    /// Makes a buffer of what the host says when it is called back with the handle, which is of no use yet. The host
    /// may enter again. `None` means that it failed: there is no buffer then.
    ///
    /// # Errors
    /// As for all; [`Code::Other`] if the host failed.
    pub fn allocate_filled(self, fill: impl FnOnce(Handle) -> Option<Vec<u8>>) -> Result<Handle, Code> {
        let block = |handle| {
            let bytes = fill(handle).ok_or(Reason::Host)?;
            Block::copy_of(&bytes).map_err(|error| Reason::Buffer(error.into()))
        };
        self.enter(None, |buffers| buffers.filled(block))
    }

    /// How many bytes the buffer has.
    ///
    /// # Errors
    /// As for all.
    pub fn length(self, buffer: u64) -> Result<usize, Code> {
        self.with(buffer, Buffers::length)
    }

    /// Shows that many bytes of the buffer, from `offset` on, to be copied.
    ///
    /// # Errors
    /// As for all.
    pub fn read<R>(self, buffer: u64, offset: usize, length: usize, look: impl FnOnce(&[u8]) -> R) -> Result<R, Code> {
        self.with(buffer, |buffers, buffer| buffers.show(buffer, offset, Some(length), look))
    }

    /// Copies the host's bytes into the buffer.
    ///
    /// # Errors
    /// As for all.
    pub fn write(self, buffer: u64, offset: usize, from: &[u8]) -> Result<(), Code> {
        self.with(buffer, |buffers, buffer| buffers.write(buffer, offset, from))
    }

    /// Gives the buffer another length, and says how often that was done, plus one.
    ///
    /// # Errors
    /// As for all.
    pub fn resize(self, buffer: u64, length: usize) -> Result<u64, Code> {
        self.with(buffer, |buffers, buffer| buffers.resize(buffer, length))
    }

    /// Frees the buffer. The second time is an error, as C has no object that could know.
    ///
    /// # Errors
    /// As for all.
    pub fn free(self, buffer: u64) -> Result<(), Code> {
        self.with(buffer, Buffers::dispose)
    }

    /// Panics inside a call on the buffer, for tests.
    ///
    /// # Errors
    /// Always: [`Code::Panicked`], or what is wrong with the handle.
    pub fn panic(self, buffer: u64) -> Result<(), Code> {
        self.with(buffer, Buffers::provoke_panic)
    }

    fn with<R>(self, buffer: u64, call: impl FnOnce(&Buffers, Handle) -> Result<R, BufferError>) -> Result<R, Code> {
        let named = Handle::from_u64(buffer);
        self.enter(named.as_ref().ok().copied(), |buffers| call(buffers, named?))
    }

    fn enter<R, E>(self, about: Option<Handle>, call: impl FnOnce(&Buffers) -> Result<R, E>) -> Result<R, Code>
    where
        Reason: From<E>,
    {
        entry(about, self.on_success, || -> Result<R, Reason> {
            let all = interfaces().map_err(BufferError::from)?;
            Ok(all.call(self.handle, call).map_err(BufferError::from)??)
        })
    }
}

impl Interface {
    /// An interface with no buffers yet.
    ///
    /// # Errors
    /// [`GuardError::TooManyTables`]; when no handle is left.
    pub fn open(on_success: OnSuccess, limits: Limits) -> Result<Self, GuardError> {
        let place = interfaces()?.reserve()?;
        let mut buffers = kind("buffer", None);
        if let Some(slots) = limits.slots {
            // So few come round at once, or never would.
            buffers = buffers.max_slots(slots).reuse_distance(0);
        }
        if let Some(generations) = limits.generations {
            buffers = buffers.max_generation(generations);
        }
        Ok(Self { handle: place.commit(Buffers::with(buffers, None)?), on_success })
    }

    /// Closes it, with all its buffers; if an entry is at work, when that ends. Closing it again does nothing.
    ///
    /// # Errors
    /// [`GuardError::DestructorPanicked`], after which it is closed all the same.
    pub fn close(self) -> Result<(), GuardError> {
        match interfaces()?.dispose(self.handle) {
            Ok(_) | Err(GuardError::Stale { .. } | GuardError::Closed { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// For finalizers: [closes](Self::close) it on any thread, and never fails.
    pub fn discard(self) {
        drop(self.close());
    }

    /// Whether it is there and not closed. Another thread may close it before this returns.
    #[must_use]
    pub fn is_open(self) -> bool {
        interfaces().is_ok_and(|all| matches!(all.check(self.handle), Ok(()) | Err(GuardError::Fenced { .. })))
    }

    /// How many buffers it has.
    ///
    /// # Errors
    /// What is wrong with the handle.
    pub fn buffers(self) -> Result<u32, CallError> {
        interfaces()?.call(self.handle, |buffers| buffers.alive()[0].1)
    }

    /// Panics inside a call on the interface, for tests: it is fenced off afterwards. This is no entry.
    ///
    /// # Errors
    /// Always: the panic, or what is wrong with the handle.
    ///
    /// # Panics
    /// Never out of this call.
    pub fn provoke_panic(self) -> Result<(), CallError> {
        interfaces()?.call(self.handle, |_| provoked())
    }

    /// The handle itself.
    #[must_use]
    pub fn handle(self) -> Handle {
        self.handle
    }

    /// The kind, and how many are made and not freed.
    #[must_use]
    pub fn alive() -> (&'static str, u32) {
        (KIND, interfaces().map_or(0, SharedTable::len))
    }
}

const KIND: &str = "interface";

/// All interfaces of the process.
fn interfaces() -> Result<&'static SharedTable<Buffers>, GuardError> {
    static ALL: LazyLock<Result<SharedTable<Buffers>, GuardError>> = LazyLock::new(|| SharedTable::new(counted(KIND)));
    ALL.as_ref().map_err(Clone::clone)
}

impl From<BufferError> for Reason {
    fn from(error: BufferError) -> Self {
        Self::Buffer(error)
    }
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Buffer(error) => error.fmt(f),
            Self::Host => f.write_str("the host that was called back failed: nothing was made; ask the host why"),
        }
    }
}

impl Coded for Reason {
    fn code(&self) -> Code {
        match self {
            Self::Buffer(error) => error.code(),
            Self::Host => Code::Other,
        }
    }

    fn handle(&self) -> Option<Handle> {
        match self {
            Self::Buffer(error) => error.handle(),
            Self::Host => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{last_error, take_last_error};

    fn told() -> (Code, Option<Handle>, String) {
        let last = take_last_error().unwrap();
        (last.code, last.handle, last.message)
    }

    #[test]
    fn entries_give_codes_and_the_record_says_the_rest() {
        let interface = Interface::open(OnSuccess::Clear, Limits::default()).unwrap();
        let buffer = interface.allocate(4).unwrap();
        let number = buffer.to_u64();
        interface.write(number, 1, b"abc").unwrap();
        assert_eq!(interface.read(number, 1, 2, <[u8]>::to_vec).unwrap(), b"ab");
        assert_eq!(
            (interface.length(number), interface.resize(number, 9), interface.buffers().unwrap()),
            (Ok(4), Ok(2), 1)
        );
        assert_eq!(interface.length(1), Err(Code::NotAHandle));
        assert_eq!(told().1, None);
        assert_eq!(interface.panic(number), Err(Code::Panicked));
        let (code, about, message) = told();
        assert_eq!((code, about), (Code::Panicked, Some(buffer)));
        assert!(message.contains("interface.rs") || message.contains("ends.rs"), "{message}");
        assert_eq!(interface.length(number), Err(Code::Fenced));
        interface.free(number).unwrap();
        assert_eq!(last_error(), None, "cleared");
        assert_eq!(interface.free(number), Err(Code::Stale));
        interface.close().unwrap();
        interface.close().unwrap();
        assert!(!interface.is_open());
        assert_eq!(interface.allocate(1), Err(Code::Stale));
        assert_eq!(told().1, Some(interface.handle()));
    }

    #[test]
    fn a_host_that_is_called_back_enters_again_and_has_not_the_last_word() {
        let interface = Interface::open(OnSuccess::Keep, Limits::default()).unwrap();
        let inner = |handle: Handle| {
            assert_eq!(interface.length(handle.to_u64()), Err(Code::NotReady));
            Some(b"filled".to_vec())
        };
        let buffer = interface.allocate_filled(inner).unwrap();
        assert_eq!(
            told(),
            (
                Code::NotReady,
                Some(buffer),
                format!("buffer {buffer} is still being created: use it after its create call has returned")
            )
        );
        assert_eq!(interface.length(buffer.to_u64()), Ok(6));
        assert_eq!(interface.allocate_filled(|_| None), Err(Code::Other));
        assert_eq!(interface.allocate_filled(|_| panic!("in the host")), Err(Code::Panicked));
        assert_eq!(interface.buffers().unwrap(), 1);
        assert!(
            interface
                .allocate_filled(|_| {
                    interface.discard();
                    Some(Vec::new())
                })
                .is_ok()
        );
        assert!(!interface.is_open());
    }

    #[test]
    fn limits_are_met() {
        let limits = Limits { slots: Some(2), generations: Some(1) };
        let interface = Interface::open(OnSuccess::Clear, limits).unwrap();
        for _ in 0..2 {
            let buffer = interface.allocate(1).unwrap().to_u64();
            interface.free(buffer).unwrap();
        }
        assert_eq!(interface.allocate(1), Err(Code::Exhausted));
        assert!(told().2.contains("0 of 2 slots are taken, 2 retired"));
        assert!(interface.provoke_panic().is_err());
        assert!(interface.is_open());
        interface.discard();
        assert_eq!(Interface::alive().0, KIND);
    }
}
