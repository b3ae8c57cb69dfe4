// engineroom: gauges of an engine that can be shut down and started again.
// Class      MAD-26 re-initialisation of the runtime.
// Mechanism  a gauge keeps a pointer into the engine it was made in. restart() drops that engine and makes another one;
//            the pointer stays. The fixed twin keeps the number of the engine's life beside it and compares.
// Program    open; restart; read       Threads 1       Known minimum 3 steps
// Model      https://github.com/pythonnet/pythonnet/issues/1074 (objects of the first life of a runtime reach the second)

use crate::Ledger;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use std::sync::Mutex;

static LEDGER: Ledger = Ledger::new();

struct Engine {
    #[expect(clippy::vec_box, reason = "what a dial points to must not move")]
    pressures: Vec<Box<[i64; 30]>>,
    life: u64,
}

static ENGINE: Mutex<Engine> = Mutex::new(Engine { pressures: Vec::new(), life: 1 });

/// `place` points into the engine of life `life`.
#[pyclass(frozen)]
struct Dial(Mutex<Option<(usize, u64)>>);

#[pymethods]
impl Dial {
    #[new]
    fn new() -> Self {
        let mut engine = ENGINE.lock().unwrap();
        let cell = Box::new([7; 30]);
        let place = cell.as_ptr() as usize;
        engine.pressures.push(cell);
        LEDGER.add(1);
        Self(Mutex::new(Some((place, engine.life))))
    }

    fn read(&self) -> PyResult<i64> {
        let engine = ENGINE.lock().unwrap();
        let place = *self.0.lock().unwrap();
        match place {
            Some((place, life)) if !FIXED || life == engine.life => {
                // SAFETY: the engine of that life is alive. (In the wrong twin nobody asks.)
                Ok(unsafe { std::ptr::read_volatile((place as *const i64).add(3)) })
            }
            _ => Err(PyValueError::new_err("dial is closed")),
        }
    }

    fn close(&self) {
        let mut engine = ENGINE.lock().unwrap();
        if let Some((place, life)) = self.0.lock().unwrap().take()
            && life == engine.life
        {
            engine.pressures.retain(|cell| cell.as_ptr() as usize != place);
            LEDGER.add(-1);
        }
    }
}

impl Drop for Dial {
    fn drop(&mut self) {
        self.close();
    }
}

/// Shut the engine down and start another one.
#[pyfunction]
fn restart() {
    let mut engine = ENGINE.lock().unwrap();
    LEDGER.add(-(engine.pressures.len() as isize));
    let life = engine.life + 1;
    *engine = Engine { pressures: Vec::new(), life };
}

#[pyfunction]
fn alive() -> isize {
    LEDGER.alive()
}

pub(crate) fn fill(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Dial>()?;
    module.add_function(wrap_pyfunction!(restart, module)?)?;
    module.add_function(wrap_pyfunction!(alive, module)?)
}
