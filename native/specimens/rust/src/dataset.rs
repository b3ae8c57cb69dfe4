// dataset: named datasets behind small ids, as a C library would give them out.
// Class      MAD-03 stale handle after reuse (ABA).
// Mechanism  a closed dataset keeps its id; "is it valid" asks only whether the slot is taken, and
//            the next dataset takes that slot. The fixed twin compares the generation too.
// Program    create, close, create, nonce of the first       Threads 1       Known minimum 4 steps
// Model      https://github.com/h5py/h5py/issues/231 (a closed dataset comes alive as another one)

use crate::Ledger;
use pyo3::exceptions::{PyMemoryError, PyValueError};
use pyo3::prelude::*;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};

const SLOTS: usize = 4096;
static LEDGER: Ledger = Ledger::new();
static FILE: Mutex<Vec<Slot>> = Mutex::new(Vec::new());

struct Slot {
    generation: u64,
    nonce: Option<i64>,
}

#[pyclass(frozen)]
struct Dataset {
    id: usize,
    generation: u64,
}

impl Dataset {
    /// Runs `work` on the slot that the id names, if the id is valid.
    fn with<T>(&self, work: impl FnOnce(&mut Slot) -> T) -> PyResult<T> {
        let mut file = FILE.lock().unwrap();
        let slot = &mut file[self.id];
        if slot.nonce.is_none() || (FIXED && slot.generation != self.generation) {
            return Err(PyValueError::new_err("not a dataset"));
        }
        Ok(work(slot))
    }
}

#[pymethods]
impl Dataset {
    #[new]
    #[pyo3(signature = (nonce=None))]
    fn new(nonce: Option<i64>) -> PyResult<Self> {
        static NEXT: AtomicI64 = AtomicI64::new(1_000_000);
        let nonce = nonce.unwrap_or_else(|| NEXT.fetch_add(1, Ordering::SeqCst));
        let mut file = FILE.lock().unwrap();
        let id = match file.iter().position(|slot| slot.nonce.is_none()) {
            Some(id) => id,
            None if file.len() == SLOTS => return Err(PyMemoryError::new_err("file is full")),
            None => {
                file.push(Slot { generation: 0, nonce: None });
                file.len() - 1
            }
        };
        file[id].generation += 1;
        file[id].nonce = Some(nonce);
        LEDGER.add(1);
        Ok(Self { id, generation: file[id].generation })
    }

    fn nonce(&self) -> PyResult<i64> {
        self.with(|slot| slot.nonce.unwrap_or_default())
    }

    fn close(&self) -> PyResult<()> {
        self.with(|slot| {
            slot.nonce = None;
            LEDGER.add(-1);
        })
    }
}

impl Drop for Dataset {
    fn drop(&mut self) {
        let _ = self.close();
    }
}

#[pyfunction]
fn alive() -> isize {
    LEDGER.alive()
}

pub(crate) fn fill(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Dataset>()?;
    module.add_function(wrap_pyfunction!(alive, module)?)
}
