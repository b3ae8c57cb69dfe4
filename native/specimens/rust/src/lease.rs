// lease: numbered leases from one table. Before the table grows, and on trim(), leases that are only
//            kept by garbage are given back.
// Class      MAD-16 self-deadlock in a finalizer that the collector runs inside an operation.
// Mechanism  the collector runs with the table locked; a lease in a garbage cycle is dropped there,
//            and its drop locks the table, on the same thread.
// Program    lease, leave it to the collector in a cycle, trim    Threads 1    Known minimum 3 steps
// Model      https://github.com/arcjet/arcjet-py/pull/206 (finalizer inside Slab.allocate)

use crate::Ledger;
use pyo3::exceptions::PyValueError;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use std::sync::{Mutex, MutexGuard};

static LEDGER: Ledger = Ledger::new();
const FEW: usize = 8;
static TABLE: Mutex<Vec<u64>> = Mutex::new(Vec::new());

#[derive(Default)]
struct Held {
    closed: bool,
    tag: Option<Py<PyAny>>,
}

#[pyclass(frozen)]
struct Lease {
    number: u64,
    held: Mutex<Held>,
}

impl Lease {
    fn end(&self) {
        let mut held = self.held.lock().unwrap();
        let was_closed = std::mem::replace(&mut held.closed, true);
        let tag = held.tag.take();
        drop(held);
        drop(tag);
        if !was_closed {
            TABLE.lock().unwrap().retain(|number| *number != self.number);
            LEDGER.add(-1);
        }
    }
}

#[pymethods]
impl Lease {
    #[new]
    fn new(py: Python<'_>) -> PyResult<Self> {
        static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);
        let number = NEXT.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        let mut table = TABLE.lock().unwrap();
        if table.len() >= FEW && table.len() == table.capacity() {
            drop(table);
            table = collected(py)?;
        }
        table.push(number);
        LEDGER.add(1);
        Ok(Self { number, held: Mutex::default() })
    }

    fn number(&self) -> PyResult<u64> {
        match self.held.lock().unwrap().closed {
            true => Err(PyValueError::new_err("lease has ended")),
            false => Ok(self.number),
        }
    }

    /// Keep an object of the user's with the lease.
    fn tag(&self, tag: Py<PyAny>) -> PyResult<()> {
        let mut held = self.held.lock().unwrap();
        if held.closed {
            return Err(PyValueError::new_err("lease has ended"));
        }
        let old = held.tag.replace(tag);
        drop(held);
        drop(old);
        Ok(())
    }

    fn close(&self) {
        self.end();
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        let Ok(held) = self.held.try_lock() else { return Ok(()) };
        visit.call(&held.tag)
    }

    fn __clear__(&self) {
        let tag = self.held.lock().unwrap().tag.take();
        drop(tag);
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.end();
    }
}

/// The table, locked, without the leases that only garbage kept.
fn collected(py: Python<'_>) -> PyResult<MutexGuard<'static, Vec<u64>>> {
    let collect = py.import("gc")?.getattr("collect")?;
    if FIXED {
        collect.call0()?;
    }
    let table = TABLE.lock().unwrap();
    if !FIXED {
        collect.call0()?;
    }
    Ok(table)
}

/// Shrink the table to the leases that are still in use; how many those are.
#[pyfunction]
fn trim(py: Python<'_>) -> PyResult<usize> {
    let mut table = collected(py)?;
    table.shrink_to_fit();
    Ok(table.len())
}

#[pyfunction]
fn alive() -> isize {
    LEDGER.alive()
}

pub(crate) fn fill(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Lease>()?;
    module.add_function(wrap_pyfunction!(trim, module)?)?;
    module.add_function(wrap_pyfunction!(alive, module)?)
}
