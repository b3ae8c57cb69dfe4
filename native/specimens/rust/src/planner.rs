// planner: a session that plans queries, without the GIL; documented as shareable.
// Class      MAD-23 runtime borrow errors.
// Mechanism  plan() takes &mut self and gives up the GIL: whoever comes meanwhile is told "Already borrowed". The window
//            has no width. The fixed twin takes &self, and what changes is an atomic.
// Program    make; plan on two threads at once       Threads 2       Known minimum 3 steps
// Model      https://github.com/apache/datafusion-python/issues/366 (a session used from several threads)

use crate::Ledger;
use pyo3::prelude::*;
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
#[pyclass(name = "Planner")]
struct Exclusive {
    plans: i64,
    _alive: Alive,
}

#[pymethods]
impl Exclusive {
    #[new]
    fn new() -> Self {
        Self { plans: 0, _alive: Alive::new() }
    }

    fn plan(&mut self, py: Python<'_>) -> i64 {
        py.detach(crate::window);
        self.plans += 1;
        self.plans
    }

    fn plans(&self) -> i64 {
        self.plans
    }
}

/// The fixed twin.
#[pyclass(frozen, name = "Planner")]
struct Shared {
    plans: AtomicI64,
    _alive: Alive,
}

#[pymethods]
impl Shared {
    #[new]
    fn new() -> Self {
        Self { plans: AtomicI64::new(0), _alive: Alive::new() }
    }

    fn plan(&self, py: Python<'_>) -> i64 {
        py.detach(crate::window);
        self.plans.fetch_add(1, SeqCst) + 1
    }

    fn plans(&self) -> i64 {
        self.plans.load(SeqCst)
    }
}

#[pyfunction]
fn alive() -> isize {
    LEDGER.alive()
}

pub(crate) fn fill(module: &Bound<'_, PyModule>) -> PyResult<()> {
    if FIXED {
        module.add_class::<Shared>()?;
    } else {
        module.add_class::<Exclusive>()?;
    }
    module.add_function(wrap_pyfunction!(alive, module)?)
}
