//! Every table that was ever made, by id: an id is never given out twice, and a stray handle can be called by its kind.

use std::sync::{Mutex, PoisonError};

use crate::GuardError;
use crate::handle::MAX_TABLE;

/// The kinds of tables 1, 2, 3 …
static KINDS: Mutex<Vec<&'static str>> = Mutex::new(Vec::new());

/// An id for a new table.
pub(crate) fn register(kind: &'static str) -> Result<u32, GuardError> {
    let mut kinds = KINDS.lock().unwrap_or_else(PoisonError::into_inner);
    let last = u32::try_from(kinds.len()).unwrap_or(u32::MAX);
    if last >= MAX_TABLE {
        return Err(GuardError::TooManyTables { kind, limit: MAX_TABLE });
    }
    kinds.push(kind);
    Ok(last + 1)
}

/// What a table holds, or held.
pub(crate) fn kind_of(table: u32) -> Option<&'static str> {
    let kinds = KINDS.lock().unwrap_or_else(PoisonError::into_inner);
    kinds.get((table as usize).checked_sub(1)?).copied()
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn ids_differ_and_keep_their_kind() {
        let (first, second) = (register("one").unwrap(), register("two").unwrap());
        assert!(0 < first && first < second);
        assert_eq!((kind_of(first), kind_of(second)), (Some("one"), Some("two")));
        assert_eq!(kind_of(0), None);
    }
}
