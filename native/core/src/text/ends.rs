//! The texts of the process, ends that a host can ask for twice, and what has not ended.

use std::sync::LazyLock;

use deadhand_guard::{GuardError, Handle};

use super::{TextError, Texts};
use crate::ledger::ledger;
use crate::provoked::provoked;

impl Texts {
    /// The texts of the process, made when first asked for.
    ///
    /// # Errors
    /// [`GuardError::TooManyTables`].
    pub fn shared() -> Result<&'static Self, GuardError> {
        static SHARED: LazyLock<Result<Texts, GuardError>> = LazyLock::new(|| Texts::new(ledger()));
        SHARED.as_ref().map_err(Clone::clone)
    }

    /// [Disposes](Self::dispose) of the text. Closing it again does nothing.
    ///
    /// # Errors
    /// What is wrong with the handle, [`GuardError::Stale`] and [`GuardError::Closed`] excepted.
    pub fn close(&self, text: Handle) -> Result<(), TextError> {
        match self.table.dispose(text) {
            Ok(_) | Err(GuardError::Stale { .. } | GuardError::Closed { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// For finalizers: [closes](Self::close) it, and never fails.
    pub fn discard(&self, text: Handle) {
        drop(self.close(text));
    }

    /// Whether it is there and not closed. Another thread may close it before this returns.
    #[must_use]
    pub fn is_open(&self, text: Handle) -> bool {
        matches!(self.table.check(text), Ok(()) | Err(GuardError::Fenced { .. }))
    }

    /// The kind, and how many are made and not freed.
    #[must_use]
    pub fn alive(&self) -> (&'static str, u32) {
        (self.table.kind(), self.table.len())
    }

    /// Panics inside a call on the text, for tests: it is fenced off afterwards.
    ///
    /// # Errors
    /// Always: the panic, or what is wrong with the handle.
    ///
    /// # Panics
    /// Never out of this call.
    pub fn provoke_panic(&self, text: Handle) -> Result<(), TextError> {
        Ok(self.table.call(text, |_| provoked())?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_can_be_closed_twice_and_after_a_panic() {
        let all = Texts::new(None).unwrap();
        let (struck, other) = (all.keep("struck").unwrap(), all.keep("other").unwrap());
        assert_eq!(all.alive(), ("text", 2));
        assert!(all.provoke_panic(struck).is_err());
        assert!(all.get(struck).is_err());
        assert_eq!(all.get(other).unwrap(), "other");
        for each in [struck, other] {
            assert!(all.is_open(each));
            all.close(each).unwrap();
            all.close(each).unwrap();
            assert!(!all.is_open(each));
        }
        assert_eq!(all.alive().1, 0);
        assert!(Texts::shared().is_ok());
    }
}
