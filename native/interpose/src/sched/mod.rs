//! The scheduler: one thread of a region runs at a time, the one that has the token.
//!
//! Locks and the like stay real, behind try-operations, and who waits for what is kept here: so one knows who could go
//! on, chooses, and sees at once when nobody can.

pub(crate) mod clock;
pub(crate) mod gil;
pub(crate) mod graph;
pub(crate) mod managed;
pub(crate) mod record;
pub(crate) mod run;
pub(crate) mod state;
pub(crate) mod stuck;

/// What a thread can wait for or hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Mutex,
    Condition,
    RwLock,
    Semaphore,
    Futex,
    /// The end of a thread; the address is its index.
    Thread,
    Gil,
    Sleep,
    /// A file descriptor; the address is its number.
    Descriptor,
    /// Whatever a call waits for that is looked at again and again.
    Outside,
}

/// A thing that threads meet at. Its address tells things apart and never leaves the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Thing {
    pub(crate) kind: Kind,
    pub(crate) address: usize,
}

impl Thing {
    pub(crate) fn at<T>(kind: Kind, place: *const T) -> Self {
        Self { kind, address: place.addr() }
    }

    pub(crate) const GIL: Self = Self { kind: Kind::Gil, address: 0 };
}

/// Where in its execution a thread lets others go first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Point {
    Start,
    Step,
    Marked,
    Acquire,
    Release,
    Free,
    Create,
    Yield,
    Block,
    AttachGil,
    DetachGil,
    End,
}

impl Point {
    /// What it is called in a report.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Step => "step",
            Self::Marked => "marked",
            Self::Acquire => "acquire",
            Self::Release => "release",
            Self::Free => "free",
            Self::Create => "create",
            Self::Yield => "yield",
            Self::Block => "block",
            Self::AttachGil => "attach",
            Self::DetachGil => "detach",
            Self::End => "end",
        }
    }

    /// Whether what follows is an operation on a handle.
    pub(crate) const fn is_marked(self) -> bool {
        matches!(self, Self::Step | Self::Marked | Self::Free)
    }
}
