//! One ledger for every kind of this crate.

use std::sync::{Arc, LazyLock};

use deadhand_guard::{Config, Ledger};

/// The process's ledger; `None` where there is no shared memory. Children that are forked after the first use of this
/// crate count into the same one; what is alive in *this* process is what the tables say.
pub fn ledger() -> Option<&'static Arc<Ledger>> {
    static LEDGER: LazyLock<Option<Arc<Ledger>>> = LazyLock::new(|| Ledger::anonymous().ok().map(Arc::new));
    LEDGER.as_ref()
}

/// The usual configuration of a table, counted in the ledger if there is one.
#[must_use]
pub fn counted(kind: &'static str) -> Config {
    let config = Config::new(kind);
    match ledger() {
        Some(ledger) => config.ledger(ledger),
        None => config,
    }
}
