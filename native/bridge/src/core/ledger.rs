//! What is alive in the core.

use deadhand_core::error::Interface;
use deadhand_core::store::alive;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::buffer::buffers;
use super::event::callbacks;
use super::producer::channels;
use super::runtime::futures;
use super::text::texts;

/// How many objects of each kind are alive in this process; `queued` are disposed of and wait for their own thread.
#[pyfunction]
pub(crate) fn core_ledger(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let ledger = PyDict::new(py);
    let kinds = py.detach(alive);
    for each in &kinds {
        ledger.set_item(each.kind, each.count)?;
    }
    if let Ok(callbacks) = callbacks() {
        for (kind, count) in callbacks.alive() {
            ledger.set_item(kind, count)?;
        }
    }
    if let Ok(channels) = channels() {
        for (kind, count) in channels.alive() {
            ledger.set_item(kind, count)?;
        }
    }
    if let Ok(futures) = futures() {
        for (kind, count) in futures.alive() {
            ledger.set_item(kind, count)?;
        }
    }
    ledger.set_item("queued", kinds.iter().map(|each| each.queued).sum::<u32>())?;
    for (kind, count) in buffers(py)?.alive() {
        ledger.set_item(kind, count)?;
    }
    for (kind, count) in [texts(py)?.alive(), py.detach(Interface::alive)] {
        ledger.set_item(kind, count)?;
    }
    Ok(ledger)
}
