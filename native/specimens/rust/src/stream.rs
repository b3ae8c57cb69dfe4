// stream: a stream of values that a consumer may take over.
// Class      MAD-04 ownership-transfer confusion.
// Mechanism  drain() hands the native stream to a consumer, which releases it in every case; the
//            handle believes that it kept it when the consumer failed.
// Program    open, drain that fails (the handle that is dropped releases again)       Threads 1       Known minimum 2 steps
// Model      https://github.com/apache/arrow-adbc/issues/4363 (stream released on error, then read)

use crate::Ledger;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use std::sync::Mutex;

static LEDGER: Ledger = Ledger::new();

struct Native {
    position: i64,
    _schema: [i64; 20],
}

struct Owned(*mut Native);
// SAFETY: only touched under the mutex of its stream.
unsafe impl Send for Owned {}

#[pyclass(frozen)]
struct Stream(Mutex<Option<Owned>>);

/// The native consumer: sums `limit` values; owns the stream from here on.
unsafe fn consume(stream: *mut Native, limit: i64) -> Result<i64, &'static str> {
    // SAFETY: the caller gives the stream away.
    let stream = unsafe { Box::from_raw(stream) };
    LEDGER.add(-1);
    if limit < 1 { Err("limit must be positive") } else { Ok(stream.position + limit) }
}

#[pymethods]
impl Stream {
    #[new]
    #[pyo3(signature = (start=0))]
    fn new(start: i64) -> Self {
        LEDGER.add(1);
        let native = Box::new(Native { position: start, _schema: [0; 20] });
        Self(Mutex::new(Some(Owned(Box::into_raw(native)))))
    }

    /// The value at the stream's position.
    fn peek(&self) -> PyResult<i64> {
        match &*self.0.lock().unwrap() {
            // SAFETY: the handle owns the stream. (Not so in the wrong twin: that is the bug.)
            Some(native) => Ok(unsafe { std::ptr::read_volatile(&raw const (*native.0).position) }),
            None => Err(PyValueError::new_err("stream is closed or drained")),
        }
    }

    /// Let the consumer have the stream; it is gone afterwards, unless the limit is refused.
    fn drain(&self, limit: i64) -> PyResult<i64> {
        let mut owned = self.0.lock().unwrap();
        let Some(native) = &*owned else {
            return Err(PyValueError::new_err("stream is closed or drained"));
        };
        if FIXED && limit < 1 {
            return Err(PyValueError::new_err("limit must be positive"));
        }
        // SAFETY: the handle owns the stream and gives it away.
        let answer = unsafe { consume(native.0, limit) };
        if answer.is_ok() {
            *owned = None;
        }
        answer.map_err(PyValueError::new_err)
    }

    fn close(&self) {
        if let Some(native) = self.0.lock().unwrap().take() {
            LEDGER.add(-1);
            // SAFETY: as in `peek`.
            drop(unsafe { Box::from_raw(native.0) });
        }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.close();
    }
}

#[pyfunction]
fn alive() -> isize {
    LEDGER.alive()
}

pub(crate) fn fill(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Stream>()?;
    module.add_function(wrap_pyfunction!(alive, module)?)
}
