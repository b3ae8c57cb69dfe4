//! What waits in a channel, for the collector: both ends hold this, so that each item is seen once and not twice. So
//! are the coroutines that wait at its ends.
//!
//! Items come and go only with the GIL, so that the collector, which looks twice, sees the same both times. No lock of
//! the core is held while Python runs, so nobody waits for one with the GIL.

use std::sync::Arc;

use deadhand_core::channel::Contents as Native;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;

use super::waiters::Waiters;

/// Not seen by users: the owner of the items of one channel.
#[pyclass(frozen, module = "deadhand._native")]
pub(crate) struct Contents {
    items: Native<Py<PyAny>>,
    waiters: Arc<Waiters>,
}

#[pymethods]
impl Contents {
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        let mut answer = Ok(());
        self.items.visit(|item| {
            if answer.is_ok() {
                answer = visit.call(item);
            }
        });
        answer.and_then(|()| self.waiters.visit(&visit))
    }

    fn __clear__(&self) {
        drop(self.items.take());
        self.waiters.clear();
    }
}

impl Contents {
    pub(super) fn of(items: Native<Py<PyAny>>) -> Self {
        Self { items, waiters: Arc::default() }
    }

    pub(super) fn waiters(&self) -> &Arc<Waiters> {
        &self.waiters
    }
}
