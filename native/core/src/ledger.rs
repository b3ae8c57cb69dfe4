//! The crate's own ledger: how many objects of each kind are alive, in memory that outlives the process.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use deadhand_guard::{Ledger, LedgerError};

static LEDGER: OnceLock<Arc<Ledger>> = OnceLock::new();

/// The ledger of this process, made at the first call. Give it to every `new` of this crate.
///
/// # Errors
/// [`LedgerError::Unsupported`] where there is no shared memory; [`LedgerError::Os`]. The next call tries again.
pub fn ledger() -> Result<&'static Arc<Ledger>, LedgerError> {
    if let Some(ledger) = LEDGER.get() {
        return Ok(ledger);
    }
    let made = Arc::new(Ledger::create()?);
    Ok(LEDGER.get_or_init(|| made))
}

/// Makes a ledger of somebody else, such as the parent process, the one of this process.
///
/// Says whether it did: not after the first call of [`ledger`], which has made one.
#[must_use]
pub fn adopt(ledger: Arc<Ledger>) -> bool {
    LEDGER.set(ledger).is_ok()
}

/// How many objects of each kind are made and not freed. Kinds that were announced but never made count 0.
#[must_use]
pub fn alive(ledger: &Ledger) -> BTreeMap<String, u64> {
    let mut alive = BTreeMap::new();
    for kind in ledger.kinds() {
        let count = kind.alive();
        alive.insert(kind.kind, count);
    }
    alive
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::buffer::Buffers;

    #[test]
    fn the_process_has_one_ledger_and_it_counts_by_kind() {
        let ours = ledger().unwrap();
        assert!(Arc::ptr_eq(ours, ledger().unwrap()));
        assert!(!adopt(Arc::new(Ledger::anonymous().unwrap())), "too late");
        let own = Arc::new(Ledger::anonymous().unwrap());
        let buffers = Buffers::new(&own).unwrap();
        let buffer = buffers.allocate(8).unwrap();
        assert_eq!(alive(&own)["buffer"], 1);
        assert_eq!(alive(&own)["slice"], 0);
        buffers.dispose(buffer).unwrap();
        assert_eq!(alive(&own).values().sum::<u64>(), 0);
    }
}
