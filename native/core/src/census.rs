//! The ledger, read by kind.

use std::collections::BTreeMap;
use std::sync::Arc;

use deadhand_guard::{Config, Ledger};

/// How many objects of each kind are made and not freed. Kinds that were announced but never made count 0.
#[must_use]
pub fn census(ledger: &Ledger) -> BTreeMap<String, u64> {
    let mut census = BTreeMap::new();
    for kind in ledger.kinds() {
        let alive = kind.alive();
        census.insert(kind.kind, alive);
    }
    census
}

/// A table of that kind, counted if there is a ledger.
pub(crate) fn kind(kind: &'static str, ledger: Option<&Arc<Ledger>>) -> Config {
    let config = Config::new(kind);
    match ledger {
        Some(ledger) => config.ledger(ledger),
        None => config,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::buffer::Buffers;
    use crate::ledger::{counted, ledger};

    #[test]
    fn each_kind_is_counted_in_its_own_ledger_or_in_none() {
        let own = Arc::new(Ledger::anonymous().unwrap());
        let (counting, silent) = (Buffers::new(Some(&own)).unwrap(), Buffers::new(None).unwrap());
        let (buffer, uncounted) = (counting.allocate(8).unwrap(), silent.allocate(8).unwrap());
        assert_eq!((census(&own)["buffer"], census(&own)["slice"]), (1, 0));
        counting.dispose(buffer).unwrap();
        assert_eq!(census(&own).values().sum::<u64>(), 0);
        silent.dispose(uncounted).unwrap();
    }

    #[test]
    fn the_process_has_one_ledger() {
        let ours = ledger().unwrap();
        assert!(Arc::ptr_eq(ours, ledger().unwrap()));
        let table = deadhand_guard::SharedTable::new(counted("of this test")).unwrap();
        let handle = table.insert(1).unwrap();
        assert_eq!(census(ours)["of this test"], 1);
        table.dispose(handle).unwrap();
        assert_eq!(census(ours)["of this test"], 0);
    }
}
