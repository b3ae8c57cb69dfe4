//! Who may use an object: three answers, each a type, so that a table cannot mix them up.

/// How the other runtime can come to an object: [`Shared`], [`Exclusive`] or [`ThreadBound`].
pub trait Access: Rules + 'static {
    /// `()`, or what keeps a [`Lease`](crate::Lease) on its thread.
    type Affinity;
}

/// From many threads, at the same time.
#[derive(Debug)]
pub enum Shared {}

/// From many threads, one at a time. A second user gets [`GuardError::Busy`] at once.
///
/// [`GuardError::Busy`]: crate::GuardError::Busy
#[derive(Debug)]
pub enum Exclusive {}

/// From the thread that created it, and no other.
#[derive(Debug)]
pub enum ThreadBound {}

impl Access for Shared {
    type Affinity = ();
}

impl Access for Exclusive {
    type Affinity = ();
}

impl Access for ThreadBound {
    type Affinity = *const ();
}

/// The private half of [`Access`]: what is checked at each use.
pub trait Rules {
    /// Whether one use excludes another.
    const ALONE: bool = false;
    /// Whether uses and the free are for the creator only.
    const BOUND: bool = false;
}

impl Rules for Shared {}

impl Rules for Exclusive {
    const ALONE: bool = true;
}

impl Rules for ThreadBound {
    const BOUND: bool = true;
}
