//! What each error of this crate is to C: a number, and the handle that it is about.

use std::fmt::Display;

use deadhand_guard::{CallError, GuardError, Handle};

use super::Code;
use crate::buffer::BufferError;
use crate::callback::CallbackError;
use crate::channel::{ChannelError, SendError};
use crate::future::FutureError;
use crate::store::StoreError;
use crate::text::TextError;

/// An error that can be recorded.
pub trait Coded: Display {
    /// What went wrong.
    fn code(&self) -> Code;

    /// What it went wrong with, if it says.
    fn handle(&self) -> Option<Handle>;
}

impl Coded for GuardError {
    fn code(&self) -> Code {
        match self {
            Self::NotAHandle { .. } | Self::WrongOwner { .. } | Self::NoSuchSlot { .. } | Self::NeverIssued { .. } => {
                Code::NotAHandle
            }
            Self::WrongKind { .. } | Self::ForeignTable { .. } => Code::WrongKind,
            Self::Stale { .. } => Code::Stale,
            Self::Closed { .. } => Code::Closed,
            Self::Fenced { .. } => Code::Fenced,
            Self::Busy { .. } => Code::Busy,
            Self::InUse { .. } => Code::InUse,
            Self::HasChildren { .. } => Code::HasChildren,
            Self::WrongThread { .. } => Code::WrongThread,
            Self::NotReady { .. } => Code::NotReady,
            Self::TooMany { .. } | Self::Full { .. } | Self::TooManyTables { .. } => Code::Exhausted,
            Self::OutOfMemory { .. } => Code::OutOfMemory,
            Self::DestructorPanicked { .. } => Code::Panicked,
            _ => Code::Other,
        }
    }

    fn handle(&self) -> Option<Handle> {
        match self {
            Self::WrongKind { handle, .. }
            | Self::ForeignTable { handle, .. }
            | Self::WrongOwner { handle, .. }
            | Self::NoSuchSlot { handle, .. }
            | Self::NeverIssued { handle, .. }
            | Self::Stale { handle, .. }
            | Self::NotReady { handle, .. }
            | Self::Closed { handle, .. }
            | Self::Fenced { handle, .. }
            | Self::Busy { handle, .. }
            | Self::InUse { handle, .. }
            | Self::HasChildren { handle, .. }
            | Self::WrongThread { handle, .. }
            | Self::TooMany { handle, .. }
            | Self::DestructorPanicked { handle, .. } => Some(*handle),
            _ => None,
        }
    }
}

impl Coded for CallError {
    fn code(&self) -> Code {
        match self {
            Self::Guard(error) => error.code(),
            Self::Panicked(_) => Code::Panicked,
            _ => Code::Other,
        }
    }

    fn handle(&self) -> Option<Handle> {
        match self {
            Self::Guard(error) => error.handle(),
            _ => None,
        }
    }
}

impl Coded for StoreError {
    fn code(&self) -> Code {
        match self {
            Self::Guard(error) => error.code(),
            Self::Panicked { .. } => Code::Panicked,
            Self::HasWriter { .. } | Self::AlreadyOpen { .. } => Code::Busy,
            Self::Io(_) => Code::System,
            Self::Database { .. } => Code::Database,
        }
    }

    fn handle(&self) -> Option<Handle> {
        match self {
            Self::Guard(error) => error.handle(),
            Self::Panicked { handle, .. } => Some(*handle),
            Self::HasWriter { store } => Some(*store),
            Self::AlreadyOpen { .. } | Self::Io(_) | Self::Database { .. } => None,
        }
    }
}

impl Coded for BufferError {
    fn code(&self) -> Code {
        match self {
            Self::Call(error) => error.code(),
            Self::OutOfRange { .. } | Self::TooLong { .. } => Code::OutOfRange,
            Self::SpansOut { .. } => Code::InUse,
            Self::Revoked { .. } | Self::Outdated { .. } | Self::BufferGone { .. } => Code::Revoked,
        }
    }

    fn handle(&self) -> Option<Handle> {
        match self {
            Self::Call(error) => error.handle(),
            Self::OutOfRange { .. } | Self::TooLong { .. } => None,
            Self::SpansOut { buffer, .. } => Some(*buffer),
            Self::Revoked { slice } | Self::Outdated { slice, .. } | Self::BufferGone { slice, .. } => Some(*slice),
        }
    }
}

impl Coded for CallbackError {
    fn code(&self) -> Code {
        match self {
            Self::Call(error) => error.code(),
            Self::TooDeep { .. } => Code::TooDeep,
            Self::Dead { .. } => Code::Dead,
        }
    }

    fn handle(&self) -> Option<Handle> {
        match self {
            Self::Call(error) => error.handle(),
            Self::TooDeep { .. } => None,
            Self::Dead { registration } => Some(*registration),
        }
    }
}

impl Coded for ChannelError {
    fn code(&self) -> Code {
        match self {
            Self::Call(error) => error.code(),
            Self::Full { .. } | Self::Empty => Code::WouldBlock,
            Self::TimedOut { .. } => Code::TimedOut,
            Self::Closed { .. } | Self::EndClosed { .. } => Code::Disconnected,
            Self::BadCapacity { .. } => Code::OutOfRange,
        }
    }

    fn handle(&self) -> Option<Handle> {
        match self {
            Self::Call(error) => error.handle(),
            Self::EndClosed { end, .. } => Some(*end),
            _ => None,
        }
    }
}

impl<T> Coded for SendError<T> {
    fn code(&self) -> Code {
        self.reason.code()
    }

    fn handle(&self) -> Option<Handle> {
        self.reason.handle()
    }
}

impl Coded for TextError {
    fn code(&self) -> Code {
        match self {
            Self::Call(error) => error.code(),
            Self::TooLong { .. } | Self::TooSmall { .. } | Self::BadCut { .. } => Code::OutOfRange,
            _ => Code::NotText,
        }
    }

    fn handle(&self) -> Option<Handle> {
        match self {
            Self::Call(error) => error.handle(),
            _ => None,
        }
    }
}

impl Coded for FutureError {
    fn code(&self) -> Code {
        match self {
            Self::Call(error) => error.code(),
            Self::NotDone => Code::WouldBlock,
            Self::TimedOut => Code::TimedOut,
            Self::Cancelled => Code::Cancelled,
            Self::RuntimeClosed => Code::RuntimeClosed,
            Self::Panicked { .. } => Code::Panicked,
            Self::Taken => Code::Taken,
            Self::Deadlock => Code::Deadlock,
            Self::BadWorkers { .. } => Code::OutOfRange,
            Self::System(_) | Self::Forked => Code::System,
        }
    }

    fn handle(&self) -> Option<Handle> {
        match self {
            Self::Call(error) => error.handle(),
            _ => None,
        }
    }
}
