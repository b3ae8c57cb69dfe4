//! What waits in a channel, for the collector: both ends hold this, so that each item is seen once and not twice.
//!
//! Items come and go only with the GIL, so that the collector, which looks twice, sees the same both times. No lock of
//! the core is held while Python runs, so nobody waits for one with the GIL.

use deadhand_core::channel::Contents as Native;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;

/// Not seen by users: the owner of the items of one channel.
#[pyclass(frozen, module = "deadhand._native")]
pub(crate) struct Contents(Native<Py<PyAny>>);

#[pymethods]
impl Contents {
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        let mut answer = Ok(());
        self.0.visit(|item| {
            if answer.is_ok() {
                answer = visit.call(item);
            }
        });
        answer
    }

    fn __clear__(&self) {
        drop(self.0.take());
    }
}

impl Contents {
    pub(super) fn of(native: Native<Py<PyAny>>) -> Self {
        Self(native)
    }
}
