//! Native bytes for the host, with their owner kept where it is.
#![expect(unsafe_code, reason = "bytes are borrowed from an owner that is kept beside them")]

use std::ptr::NonNull;

use pyo3::prelude::*;
use pyo3::types::PyMemoryView;

use crate::exporter::exporter;
use crate::loan::{Place, Terms};

/// Lends the owner's bytes to Python, to be looked at. `parent` is kept as long as they are out.
///
/// # Errors
/// `MemoryError`; `BufferError` on a Python that has another idea of the protocol.
pub fn lend<'py, T>(parent: &Bound<'py, PyAny>, owner: T) -> PyResult<Bound<'py, PyMemoryView>>
where
    T: AsRef<[u8]> + Send + 'static,
{
    memoryview(parent, Owned::shown(owner))
}

/// Lends the owner's bytes to Python, to be written to.
///
/// # Errors
/// As for [`lend`].
pub fn lend_writable<'py, T>(parent: &Bound<'py, PyAny>, owner: T) -> PyResult<Bound<'py, PyMemoryView>>
where
    T: AsMut<[u8]> + Send + 'static,
{
    memoryview(parent, Owned::writable(owner))
}

fn memoryview<'py>(parent: &Bound<'py, PyAny>, owned: Owned) -> PyResult<Bound<'py, PyMemoryView>> {
    let py = parent.py();
    let terms = Bound::new(py, Terms::of(owned, parent.clone().unbind()))?;
    PyMemoryView::from(&exporter(py)?.call1((terms,))?)
}

/// An owner that nobody can reach any more, and its bytes. Dropping this drops the owner.
pub(crate) struct Owned {
    owner: NonNull<dyn Send>,
    place: Place,
}

// SAFETY: the owner may be dropped on any thread. Its bytes are a borrow of it that lasts until then: shared, and bytes
// may be looked at by any thread; or exclusive, and whoever writes to them is told apart by the host, as for all memory.
unsafe impl Send for Owned {}

impl Owned {
    fn shown<T: AsRef<[u8]> + Send + 'static>(owner: T) -> Self {
        let owner = NonNull::from(Box::leak(Box::new(owner)));
        // SAFETY: leaked just now, and from here on reached through this borrow only, until it is dropped.
        let bytes = unsafe { owner.as_ref() }.as_ref();
        let place = Place { start: NonNull::from(bytes).cast(), length: bytes.len(), writable: false };
        Self { owner, place }
    }

    fn writable<T: AsMut<[u8]> + Send + 'static>(owner: T) -> Self {
        let mut owner = NonNull::from(Box::leak(Box::new(owner)));
        // SAFETY: as above, and this is the only borrow.
        let bytes = unsafe { owner.as_mut() }.as_mut();
        let length = bytes.len();
        let place = Place { start: NonNull::from(bytes).cast(), length, writable: true };
        Self { owner, place }
    }

    pub(crate) fn place(&self) -> Place {
        self.place
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        // SAFETY: it comes from a box, and the claims on its bytes are over, or this would not be dropped.
        drop(unsafe { Box::from_raw(self.owner.as_ptr()) });
    }
}
