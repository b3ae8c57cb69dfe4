// canvas: a drawing surface that belongs to the thread that made it.
// Class      MAD-20 wrong-thread access or drop.
// Mechanism  #[pyclass(unsendable)]: a foreign access panics, a foreign drop leaks what it held and says so where
//            nobody can catch it. Python drops an object wherever its last reference dies. The fixed twin is Send.
// Program    make; draw on another thread, or drop there       Threads 2       Known minimum 2 steps (a drop: 1, made there)
// Model      https://github.com/PyO3/pyo3/issues/5067 (an unsendable object dropped elsewhere is leaked)

use crate::Ledger;
use pyo3::prelude::*;
use std::cell::Cell;
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};

static LEDGER: Ledger = Ledger::new();

struct Alive;

impl Alive {
    fn new() -> Self {
        LEDGER.add(1);
        Self
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        LEDGER.add(-1);
    }
}

/// The wrong twin.
#[pyclass(unsendable, name = "Canvas")]
struct Local {
    strokes: Cell<i64>,
    _alive: Alive,
}

#[pymethods]
impl Local {
    #[new]
    fn new() -> Self {
        Self { strokes: Cell::new(0), _alive: Alive::new() }
    }

    fn draw(&self) -> i64 {
        self.strokes.set(self.strokes.get() + 1);
        self.strokes.get()
    }
}

/// The fixed twin.
#[pyclass(frozen, name = "Canvas")]
struct Free {
    strokes: AtomicI64,
    _alive: Alive,
}

#[pymethods]
impl Free {
    #[new]
    fn new() -> Self {
        Self { strokes: AtomicI64::new(0), _alive: Alive::new() }
    }

    fn draw(&self) -> i64 {
        self.strokes.fetch_add(1, SeqCst) + 1
    }
}

#[pyfunction]
fn alive() -> isize {
    LEDGER.alive()
}

pub(crate) fn fill(module: &Bound<'_, PyModule>) -> PyResult<()> {
    if FIXED {
        module.add_class::<Free>()?;
    } else {
        module.add_class::<Local>()?;
    }
    module.add_function(wrap_pyfunction!(alive, module)?)
}
