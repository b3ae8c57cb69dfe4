//! The buffers of the process: those that a host sees which has no owner of its own to give.

use std::sync::LazyLock;

use deadhand_guard::GuardError;

use super::Buffers;
use crate::ledger::ledger;

impl Buffers {
    /// The buffers of the process, made when first asked for.
    ///
    /// # Errors
    /// [`GuardError::TooManyTables`].
    pub fn shared() -> Result<&'static Self, GuardError> {
        static SHARED: LazyLock<Result<Buffers, GuardError>> = LazyLock::new(|| Buffers::new(ledger()));
        SHARED.as_ref().map_err(Clone::clone)
    }
}
