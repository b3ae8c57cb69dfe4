//! How a table is made.

use std::sync::Arc;

use crate::handle::MAX_GENERATION;
use crate::slots::MAX_SLOTS;
use crate::{Dispose, Ledger, Owner};

/// What a table holds and how it treats it; each setter takes and returns the whole.
#[derive(Clone, Debug)]
pub struct Config {
    pub(crate) kind: &'static str,
    pub(crate) owner: Owner,
    pub(crate) dispose: Dispose,
    pub(crate) reuse_distance: u32,
    pub(crate) max_slots: u32,
    pub(crate) max_generation: u32,
    pub(crate) ledger: Option<Arc<Ledger>>,
}

impl Config {
    /// The usual: owned by the native side, deferred dispose, a reuse distance of 64, no limits, no ledger.
    ///
    /// The kind is what error messages and the ledger call one object of the table, such as `"cursor"`.
    #[must_use]
    pub const fn new(kind: &'static str) -> Self {
        Self {
            kind,
            owner: Owner::Native,
            dispose: Dispose::Deferred,
            reuse_distance: 64,
            max_slots: MAX_SLOTS,
            max_generation: MAX_GENERATION,
            ledger: None,
        }
    }

    /// Who owns the objects.
    #[must_use]
    pub fn owner(mut self, owner: Owner) -> Self {
        self.owner = owner;
        self
    }

    /// What to do about a dispose while the object is in use.
    #[must_use]
    pub fn dispose(mut self, dispose: Dispose) -> Self {
        self.dispose = dispose;
        self
    }

    /// How many other slots must be freed after one before it is used again.
    #[must_use]
    pub fn reuse_distance(mut self, slots: u32) -> Self {
        self.reuse_distance = slots;
        self
    }

    /// How many slots the table may have, at most about 10 million. Resting and retired slots count.
    #[must_use]
    pub fn max_slots(mut self, slots: u32) -> Self {
        self.max_slots = slots.min(MAX_SLOTS);
        self
    }

    /// After how many objects a slot is retired, from 1 to about a million.
    #[must_use]
    pub fn max_generation(mut self, generation: u32) -> Self {
        self.max_generation = generation.clamp(1, MAX_GENERATION);
        self
    }

    /// Where to count the objects.
    #[must_use]
    pub fn ledger(mut self, ledger: &Arc<Ledger>) -> Self {
        self.ledger = Some(Arc::clone(ledger));
        self
    }
}
