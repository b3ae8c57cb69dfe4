//! The journal as a Python class.

use std::sync::Arc;

use deadhand_journal::{Damage, Entry, Journal as Native};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};

use crate::arguments::{bytes, integer};
use crate::errors::from_journal;

/// An append-only record log in shared memory that outlives the SIGKILL of its writer.
///
/// Make one with `Journal.create()`, or open an inherited one with `Journal.attach()`.
#[pyclass(frozen, module = "deadhand._native")]
#[derive(Debug)]
pub(crate) struct Journal(Arc<Native>);

impl Journal {
    /// For native code that writes to it as well.
    pub(crate) fn share(&self) -> Arc<Native> {
        Arc::clone(&self.0)
    }
}

impl From<Native> for Journal {
    fn from(journal: Native) -> Self {
        Self(Arc::new(journal))
    }
}

#[pymethods]
impl Journal {
    /// Make an empty journal with room for `capacity` bytes of records.
    #[staticmethod]
    fn create(capacity: &Bound<'_, PyAny>) -> PyResult<Self> {
        let capacity = integer(capacity, "capacity", "pass a positive number of bytes, such as 1 << 20")?;
        Native::create(capacity).map(Self::from).map_err(from_journal)
    }

    /// Open the journal behind the descriptor `fd`, which is duplicated and stays the caller's.
    #[staticmethod]
    fn attach(fd: &Bound<'_, PyAny>) -> PyResult<Self> {
        let fd = integer(fd, "fd", "pass the fileno() of a journal")?;
        Native::attach(fd).map(Self::from).map_err(from_journal)
    }

    /// The descriptor of the shared memory: the journal's own, closed on exec unless made inheritable.
    fn fileno(&self) -> PyResult<i32> {
        fileno(&self.0)
    }

    /// Append one record and return its offset in bytes.
    fn append(&self, payload: &Bound<'_, PyAny>) -> PyResult<u64> {
        self.0.append(bytes(payload, "payload")?).map_err(from_journal)
    }

    /// Return the records from `cursor` on, the cursor to read on from, and what was wrong, if anything was.
    #[pyo3(signature = (cursor = None, *, live = false), text_signature = "($self, /, cursor=0, *, live=False)")]
    fn read<'py>(
        &self,
        py: Python<'py>,
        cursor: Option<&Bound<'py, PyAny>>,
        live: bool,
    ) -> PyResult<(Bound<'py, PyList>, u64, Option<String>)> {
        let cursor = match cursor {
            Some(cursor) => integer(cursor, "cursor", "pass 0 or the cursor that the last read returned")?,
            None => 0,
        };
        let mut reader = self.0.read_from(cursor).map_err(from_journal)?;
        let records = PyList::empty(py);
        let mut notes = Notes::default();
        for entry in reader.by_ref() {
            match entry {
                Entry::Record { payload, .. } => records.append(PyBytes::new(py, &payload))?,
                Entry::Torn { offset } if live => return Ok((records, offset, notes.sentence(false))),
                Entry::Torn { offset } => notes.torn.push(offset),
                Entry::Corrupt { offset, reason } => notes.corrupt.push((offset, reason)),
            }
        }
        Ok((records, reader.cursor(), notes.sentence(reader.is_stuck())))
    }

    /// Forget all records and begin the next epoch. For when no writer is at work.
    fn reset(&self) {
        self.0.reset();
    }

    /// Bytes that the records take, their overhead included.
    #[getter]
    fn used(&self) -> u64 {
        self.0.used()
    }

    /// Bytes there is room for.
    #[getter]
    fn capacity(&self) -> u64 {
        self.0.capacity()
    }

    /// How often the journal was started: 1, and one more for every reset.
    #[getter]
    fn epoch(&self) -> u32 {
        self.0.epoch()
    }

    fn __repr__(&self) -> String {
        format!("<Journal: {} of {} bytes used, epoch {}>", self.0.used(), self.0.capacity(), self.0.epoch())
    }
}

#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "the other platforms have no descriptor to return")]
fn fileno(journal: &Native) -> PyResult<i32> {
    Ok(std::os::fd::AsRawFd::as_raw_fd(journal))
}

#[cfg(not(unix))]
fn fileno(_journal: &Native) -> PyResult<i32> {
    Err(from_journal(deadhand_journal::JournalError::Unsupported))
}

/// What a read met besides records.
#[derive(Default)]
struct Notes {
    torn: Vec<u64>,
    corrupt: Vec<(u64, Damage)>,
}

impl Notes {
    /// All of it in one sentence, or nothing.
    fn sentence(&self, stuck: bool) -> Option<String> {
        let mut parts = Vec::new();
        if let Some(offset) = self.torn.first() {
            let count = self.torn.len();
            parts.push(format!("{count} torn (never committed), the first at byte {offset}"));
        }
        if let Some((offset, reason)) = self.corrupt.first() {
            let count = self.corrupt.len();
            parts.push(format!("{count} corrupt, the first at byte {offset} ({reason})"));
        }
        if stuck {
            parts.push("nothing after the last of these can be found".to_owned());
        }
        (!parts.is_empty()).then(|| format!("damaged journal: {}", parts.join("; ")))
    }
}
