//! The scheduler as Python classes.
#![expect(clippy::unused_self, reason = "there is one scheduler per process, and Python asks it by methods")]

use deadhand_core::guard;
use deadhand_interpose::{self as native, ArmError, Control, Moment, Plan, PolicyKind, RegionError, Turn};
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyDict;

use crate::arguments::integer;
use crate::errors::Unsupported;
use crate::journal::Journal;

/// Whether the interpreter's exit is noticed.
static EXIT: PyOnceLock<()> = PyOnceLock::new();

/// Controls which thread goes on, in regions, inside native code. One per process; make it with `Scheduler.arm()`.
#[pyclass(frozen, module = "deadhand._native")]
#[derive(Debug)]
pub(crate) struct Scheduler;

#[pymethods]
impl Scheduler {
    /// Redirect the import slots of this process to the scheduler; again: those of newly loaded objects, too.
    #[staticmethod]
    #[pyo3(signature = (journal = None))]
    fn arm(py: Python<'_>, journal: Option<&Bound<'_, Journal>>) -> PyResult<Self> {
        let journal = journal.map(|journal| journal.get().share());
        native::arm(journal, || py.detach(|| ())).map_err(from_arming)?;
        guard::set_point(Some(guard_point));
        EXIT.get_or_try_init(py, || {
            let exits = wrap_pyfunction!(interpreter_exits, py)?;
            py.import("atexit")?.call_method1("register", (exits,)).map(drop)
        })?;
        Ok(Self)
    }

    /// Give every import slot back what it held.
    fn disarm(&self) -> PyResult<()> {
        native::disarm().map_err(from_arming)?;
        guard::set_point(None);
        Ok(())
    }

    /// What is redirected: `slots`, `objects`, `skipped` (names and reasons), `gil` (whether it was recognised).
    fn status<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let native::Status { count, gil } = native::status();
        let found = PyDict::new(py);
        found.set_item("slots", count.slots)?;
        found.set_item("objects", count.objects)?;
        found.set_item("skipped", count.left.into_iter().collect::<Vec<_>>())?;
        found.set_item("gil", gil)?;
        Ok(found)
    }

    /// Make a region, in which one of the given threads runs at a time.
    #[pyo3(signature = (*, number, threads, policy, seed, depth, length, switches, budget))]
    #[expect(clippy::too_many_arguments, reason = "they are keywords")]
    fn region(
        &self,
        number: &Bound<'_, PyAny>,
        threads: Vec<u32>,
        policy: &str,
        seed: &Bound<'_, PyAny>,
        depth: &Bound<'_, PyAny>,
        length: &Bound<'_, PyAny>,
        switches: Vec<(u32, u32)>,
        budget: &Bound<'_, PyAny>,
    ) -> PyResult<Region> {
        let Ok(policy) = policy.parse::<PolicyKind>() else {
            return Err(PyValueError::new_err(format!(
                "{policy:?} is no policy: pass default, replay, pct, pos, surw or walk"
            )));
        };
        let plan = Plan {
            number: integer(number, "number", "pass the number of the region, from 0")?,
            threads,
            policy,
            seed: integer(seed, "seed", "pass an int from 0 to 2**64 - 1")?,
            depth: integer(depth, "depth", "pass a small positive int")?,
            length: integer(length, "length", "pass how many decisions are expected")?,
            switches,
            budget: integer(budget, "budget", "pass how many decisions are a livelock, such as 20000")?,
        };
        native::Region::new(&plan).map(Region).map_err(from_region)
    }
}

/// Threads that run one at a time, from when all have entered until all have left.
#[pyclass(frozen, module = "deadhand._native")]
pub(crate) struct Region(native::Region);

#[pymethods]
impl Region {
    /// Enter as this thread; returns when all have entered and it is this one's turn.
    fn enter(&self, py: Python<'_>, thread: u32) -> PyResult<()> {
        py.detach(|| self.0.enter(thread)).map_err(from_region)
    }

    /// Leave; returns when all have left.
    fn leave(&self, py: Python<'_>, thread: u32) -> PyResult<()> {
        self.0.before_leaving();
        py.detach(|| self.0.leave(thread)).map_err(from_region)
    }

    /// Say which step the calling thread begins, and let others go first.
    fn step(&self, py: Python<'_>, number: u32) {
        give(py, self.0.step(number));
    }

    /// What happened.
    fn report<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let native::Report { decisions, switches, hash, control, why, diverged, stops } = self.0.report();
        let control = match control {
            Control::Full => "full",
            Control::Partial => "partial",
            Control::None => "none",
        };
        let report = PyDict::new(py);
        report.set_item("decisions", decisions)?;
        report.set_item("switches", switches)?;
        report.set_item("hash", hash)?;
        report.set_item("control", control)?;
        report.set_item("why", why)?;
        report.set_item("diverged", diverged)?;
        let stops: Vec<_> = stops
            .iter()
            .map(|each| (each.decision.map_or(-1, i64::from), each.able, each.thread, each.sort, each.object))
            .collect();
        report.set_item("stops", stops)?;
        Ok(report)
    }
}

/// Let other threads go first, between the instructions of a Python program. Outside regions it does nothing.
#[pyfunction]
#[pyo3(signature = (kind = 0, what = 0))]
pub(crate) fn schedule_point(py: Python<'_>, kind: u32, what: u32) {
    give(py, native::point(kind, what));
}

/// What the guard calls around every use of a handle, and at its end.
extern "C" fn guard_point(point: guard::Point, handle: u64) {
    let moment = match point {
        guard::Point::BeforeAcquire => Moment::BeforeUse,
        guard::Point::AfterRelease => Moment::AfterUse,
        guard::Point::Free => Moment::Free,
    };
    native::handle_point(moment, handle);
}

/// The interpreter exits: the calling thread goes on without its region.
#[pyfunction]
fn interpreter_exits() {
    native::interpreter_exits();
}

fn give(py: Python<'_>, turn: Option<Turn>) {
    if let Some(turn) = turn {
        py.detach(|| turn.give());
    }
}

fn from_arming(error: ArmError) -> PyErr {
    match error {
        ArmError::Busy => PyRuntimeError::new_err(error.to_string()),
        _ => Unsupported::new_err(error.to_string()),
    }
}

fn from_region(error: RegionError) -> PyErr {
    match error {
        RegionError::Threads | RegionError::Budget => PyValueError::new_err(error.to_string()),
        _ => PyRuntimeError::new_err(error.to_string()),
    }
}
