// holder: remembers the first item of a list. As `keeper`, in Rust.
// Class      MAD-05 child outlives parent (also MAD-07: one reference too few).
// Mechanism  The holder keeps the raw pointer that PyList_GetItem lends and takes no reference of its own.
// Program    make a list, make a holder of it, clear the list, ask the holder    Threads 1    Known minimum 4 steps
// Model      https://github.com/python/cpython/issues/143380 (borrowed item used after the list changed)

use crate::Ledger;
use pyo3::exceptions::PyIndexError;
use pyo3::prelude::*;
use pyo3::types::PyList;
use pyo3::ffi;

static LEDGER: Ledger = Ledger::new();

#[pyclass(frozen, name = "Keeper")]
struct Holder {
    kept: *mut ffi::PyObject,
    /// The reference that the wrong twin lacks.
    _own: Option<Py<PyAny>>,
}

// SAFETY: what is kept is used while attached to the interpreter only.
unsafe impl Send for Holder {}
// SAFETY: as above.
unsafe impl Sync for Holder {}

#[pymethods]
impl Holder {
    #[new]
    fn new(items: &Bound<'_, PyList>) -> PyResult<Self> {
        // SAFETY: it is a list; the answer is borrowed from it.
        let kept = unsafe { ffi::PyList_GetItem(items.as_ptr(), 0) };
        if kept.is_null() {
            let _ = PyErr::take(items.py());
            return Err(PyIndexError::new_err("the list is empty"));
        }
        LEDGER.add(1);
        // SAFETY: the item is alive as long as the list holds it, which it does now.
        let own = FIXED.then(|| unsafe { Bound::from_borrowed_ptr(items.py(), kept) }.unbind());
        Ok(Self { kept, _own: own })
    }

    fn kind_of(&self, py: Python<'_>) -> PyResult<String> {
        // SAFETY: the item is alive. (In the wrong twin it may not be: that is the bug.)
        let kind = unsafe { std::ptr::read_volatile(&raw const (*self.kept).ob_type) };
        // SAFETY: as above; a type is alive as long as its instances.
        let kind = unsafe { Bound::from_borrowed_ptr(py, kind.cast()) };
        kind.getattr("__name__")?.extract()
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        LEDGER.add(-1);
    }
}

#[pyfunction]
fn alive() -> isize {
    LEDGER.alive()
}

pub(crate) fn fill(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Holder>()?;
    module.add_function(wrap_pyfunction!(alive, module)?)
}
