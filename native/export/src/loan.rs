//! What is lent: bytes, what owns them, and how many claims on them are out.

use std::ptr::NonNull;
use std::sync::{Mutex, PoisonError};

use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;

use crate::lend::Owned;

/// What a `memoryview` asks for its bytes. Nobody can make one, nor have one that never lent.
///
/// The type that the host sees, [`exporter`](crate::exporter), derives from this one.
#[pyclass(frozen, subclass, module = "deadhand._native")]
pub(crate) struct Loan(Mutex<State>);

/// What a loan is made of: known to Python, so that it can be passed to a constructor, but never seen there.
#[pyclass(frozen, module = "deadhand._native")]
pub(crate) struct Terms(Mutex<Option<Lent>>);

#[derive(Default)]
struct State {
    /// None once everybody has let go.
    lent: Option<Lent>,
    claims: usize,
}

pub(crate) struct Lent {
    // Before the parent: it may need to be there.
    owned: Owned,
    parent: Py<PyAny>,
}

/// Where the bytes are, for whoever has a claim.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    pub(crate) start: NonNull<u8>,
    pub(crate) length: usize,
    pub(crate) writable: bool,
}

#[pymethods]
impl Loan {
    #[new]
    fn new(terms: &Bound<'_, Terms>) -> Self {
        let mut terms = terms.get().0.lock().unwrap_or_else(PoisonError::into_inner);
        Self(Mutex::new(State { lent: terms.take(), claims: 0 }))
    }

    /// There is no clear: whoever is part of a cycle with this has a claim on it, and lets go of that.
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        // Held for a few instructions and never while Python runs; if a thread that is stopped has it, all is alive.
        match self.0.try_lock() {
            Ok(state) => state.lent.as_ref().map_or(Ok(()), |lent| visit.call(&lent.parent)),
            Err(_) => Ok(()),
        }
    }
}

impl Loan {
    /// One more claim on the bytes; `None` if everybody has let go.
    pub(crate) fn claim(&self) -> Option<Place> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = state.lent.as_ref()?.owned.place();
        state.claims += 1;
        Some(place)
    }

    /// One claim less. With the last one goes what was lent, for the caller to drop.
    #[must_use]
    pub(crate) fn let_go(&self) -> Option<Lent> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.claims = state.claims.saturating_sub(1);
        if state.claims == 0 { state.lent.take() } else { None }
    }
}

impl Terms {
    pub(crate) fn of(owned: Owned, parent: Py<PyAny>) -> Self {
        Self(Mutex::new(Some(Lent { owned, parent })))
    }
}
