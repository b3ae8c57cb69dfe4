//! One table's part in a ledger.

use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::Ledger;
use super::layout::{Count, SITE_CREATED, SITE_FREED, counter_at, site_at};

#[derive(Debug)]
pub(crate) struct Tally {
    ledger: Arc<Ledger>,
    row: usize,
}

impl Tally {
    /// Announces the kind.
    pub(crate) fn new(ledger: Arc<Ledger>, kind: &str) -> Self {
        let row = ledger.kind_row(kind);
        Self { ledger, row }
    }

    pub(crate) fn add(&self, what: Count) {
        self.bump(counter_at(self.row, what));
    }

    /// Counts an object in, and gives the row of its site, for [`freed`](Self::freed).
    pub(crate) fn created(&self, site: &'static Location<'static>) -> u32 {
        self.add(Count::Created);
        let row = if cfg!(feature = "checked") { self.ledger.site_row(self.row, site) } else { 0 };
        self.bump_site(row, SITE_CREATED);
        row
    }

    /// Counts an object out.
    pub(crate) fn freed(&self, site: u32) {
        self.add(Count::Freed);
        self.bump_site(site, SITE_FREED);
    }

    /// Row 0 is no site.
    fn bump_site(&self, row: u32, what: usize) {
        if let Some(row) = (row as usize).checked_sub(1) {
            self.bump(site_at(row) + what);
        }
    }

    fn bump(&self, at: usize) {
        self.ledger.memory.words()[at].fetch_add(1, Ordering::Relaxed);
    }
}
