//! What the models share.
#![cfg(loom)]

use loom::model::Builder;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};

/// Explores the interleavings with up to three preemptions, which is where races of few threads show.
pub(crate) fn model(check: impl Fn() + Sync + Send + 'static) {
    let mut builder = Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(check);
}

/// The table for all threads of a model; to be given back at its end.
pub(crate) fn leak<T>(table: T) -> &'static T {
    Box::leak(Box::new(table))
}

/// Drops the table.
pub(crate) fn reclaim<T>(table: &'static T) {
    // SAFETY: `leak` made it, and at the end of a model all other threads have been joined.
    drop(unsafe { Box::from_raw(std::ptr::from_ref(table).cast_mut()) });
}

/// An object that tells when it is dropped. Loom itself watches the accesses to it and its drop for races.
pub(crate) struct Canary {
    pub(crate) value: usize,
    freed: Freed,
}

/// How often a canary was dropped.
#[derive(Clone)]
pub(crate) struct Freed(Arc<AtomicUsize>);

impl Canary {
    pub(crate) fn new() -> (Self, Freed) {
        let freed = Freed(Arc::new(AtomicUsize::new(0)));
        (Self { value: 7, freed: freed.clone() }, freed)
    }
}

impl Freed {
    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::Acquire)
    }
}

impl Drop for Canary {
    fn drop(&mut self) {
        self.freed.0.fetch_add(1, Ordering::AcqRel);
    }
}
