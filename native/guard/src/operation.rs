//! Numbers for the calls that change something, so that an error can say which call it was.

use std::fmt;

#[cfg(feature = "checked")]
use std::sync::atomic::{AtomicU64, Ordering};

/// The number of a mutating call, counted over all tables of the process from 1.
///
/// Reserving, committing, cancelling, disposing, fencing off and draining are mutating calls; checks and pins are not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Operation(u64);

#[cfg(feature = "checked")]
static LAST: AtomicU64 = AtomicU64::new(0);

impl Operation {
    /// The last number given out, by any thread; `None` before the first, and without the feature `checked`.
    #[must_use]
    pub fn last() -> Option<Self> {
        #[cfg(feature = "checked")]
        let last = Some(LAST.load(Ordering::Relaxed)).filter(|number| *number > 0).map(Self);
        #[cfg(not(feature = "checked"))]
        let last = None;
        last
    }

    /// The number itself.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }

    /// A number for the call that starts here.
    pub(crate) fn next() -> Option<Self> {
        #[cfg(feature = "checked")]
        let next = Some(Self(LAST.fetch_add(1, Ordering::Relaxed) + 1));
        #[cfg(not(feature = "checked"))]
        let next = None;
        next
    }

    pub(crate) const fn from_number(number: u64) -> Self {
        Self(number)
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "operation {}", self.0)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn numbers_grow_when_they_are_on() {
        let (first, second) = (Operation::next(), Operation::next());
        assert_eq!(first.is_some(), cfg!(feature = "checked"));
        if cfg!(feature = "checked") {
            assert!(first < second && second <= Operation::last());
        } else {
            assert_eq!(Operation::last(), None);
        }
    }
}
