//! Every table that was ever made, by id: an id is never given out twice, and a stray handle can be called by its kind.

use std::sync::{Mutex, PoisonError};

use crate::GuardError;
use crate::handle::MAX_TABLE;

/// What was ever registered. Tables are made and dropped for as long as the process lives, so one of them costs two
/// bytes and no more, of a room that is set aside at the first; kinds are few.
#[derive(Debug, Default)]
struct Registry {
    kinds: Vec<&'static str>,
    /// Which of the kinds tables 1, 2, 3 … hold, or held.
    tables: Vec<u16>,
}

static REGISTRY: Mutex<Registry> = Mutex::new(Registry { kinds: Vec::new(), tables: Vec::new() });

/// An id for a new table.
pub(crate) fn register(kind: &'static str) -> Result<u32, GuardError> {
    REGISTRY.lock().unwrap_or_else(PoisonError::into_inner).add(kind)
}

/// What a table holds, or held.
pub(crate) fn kind_of(table: u32) -> Option<&'static str> {
    REGISTRY.lock().unwrap_or_else(PoisonError::into_inner).kind_of(table)
}

impl Registry {
    fn add(&mut self, kind: &'static str) -> Result<u32, GuardError> {
        let full = GuardError::TooManyTables { kind, limit: MAX_TABLE };
        let last = u32::try_from(self.tables.len()).unwrap_or(u32::MAX);
        if last >= MAX_TABLE {
            return Err(full);
        }
        self.tables.reserve_exact(MAX_TABLE as usize - self.tables.len());
        let known = self.kinds.iter().position(|known| *known == kind).unwrap_or(self.kinds.len());
        let Ok(which) = u16::try_from(known) else { return Err(full) };
        if known == self.kinds.len() {
            self.kinds.push(kind);
        }
        self.tables.push(which);
        Ok(last + 1)
    }

    fn kind_of(&self, table: u32) -> Option<&'static str> {
        let which = self.tables.get((table as usize).checked_sub(1)?)?;
        self.kinds.get(usize::from(*which)).copied()
    }
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

    #[test]
    fn a_table_costs_two_bytes_until_no_id_is_left() {
        let mut registry = Registry::default();
        for (number, kind) in (1..=MAX_TABLE).zip(["buffer", "span", "view"].into_iter().cycle()) {
            assert_eq!(registry.add(kind), Ok(number));
            assert_eq!(registry.tables.capacity(), MAX_TABLE as usize);
        }
        assert_eq!((registry.kinds.len(), registry.tables.len()), (3, MAX_TABLE as usize));
        assert_eq!(
            (registry.kind_of(1), registry.kind_of(5), registry.kind_of(MAX_TABLE)),
            (Some("buffer"), Some("span"), Some("buffer"))
        );
        assert!(matches!(registry.add("buffer"), Err(GuardError::TooManyTables { .. })));
        assert_eq!(registry.kind_of(MAX_TABLE + 1), None);
    }
}
