//! The page guard as a Python class. What it does, and where, is `deadhand_pages`' business.

use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::arguments::integer;
use crate::journal::Journal;

const STEP: &str = "pass a number that fits into 32 bits";
const THREAD: &str = "pass a number from -1 to 32767";
const NTH: &str = "pass 1 for the next one, or 0 for none";
const CAPACITY: &str = "pass a number of bytes, such as 1 << 36";

/// One frame of a native stack: function, source file, line.
type Frame = (String, Option<String>, Option<u32>);

/// The page guard of this process: freed memory is taken away, and who touches it is written down.
///
/// Make it with `PageGuard.reserve()`, once; arm it in the child.
#[pyclass(frozen, module = "deadhand._native")]
#[derive(Debug)]
pub(crate) struct PageGuard(system::Guard);

#[pymethods]
impl PageGuard {
    /// Why there can be none on this platform, or None.
    #[staticmethod]
    fn unsupported() -> Option<&'static str> {
        system::UNSUPPORTED
    }

    /// Reserve addresses for guarded blocks; what happens to them is appended to `journal`.
    #[staticmethod]
    #[pyo3(
        signature = (journal, capacity = None, *, method = None),
        text_signature = "(journal, capacity=1 << 36, *, method=None)"
    )]
    fn reserve(
        journal: &Bound<'_, Journal>,
        capacity: Option<&Bound<'_, PyAny>>,
        method: Option<&str>,
    ) -> PyResult<Self> {
        let capacity = match capacity {
            Some(capacity) => integer(capacity, "capacity", CAPACITY)?,
            None => 1 << 36,
        };
        system::reserve(journal.get(), capacity, method).map(Self)
    }

    /// Guard what is allocated from now on, and catch faults.
    #[pyo3(signature = (*, stacks = false))]
    fn arm(&self, stacks: bool) -> PyResult<()> {
        system::arm(self.0, stacks)
    }

    /// Guard nothing new.
    fn disarm(&self) {
        system::disarm(self.0);
    }

    /// Put the guard under the interpreter's own allocators.
    fn guard_objects(&self) -> PyResult<()> {
        system::guard_objects(self.0)
    }

    /// Have the import slots of the loaded libraries lead to the guard; returns how many do.
    ///
    /// Only the libraries whose path ends in one of `libraries` allocate from it; None: all do.
    #[pyo3(signature = (libraries = None))]
    fn patch(&self, libraries: Option<Vec<String>>) -> usize {
        system::patch(self.0, libraries)
    }

    /// Say that this thread is in a step, inside what it is in already.
    fn begin(&self, step: &Bound<'_, PyAny>, thread: &Bound<'_, PyAny>) -> PyResult<()> {
        system::begin(self.0, integer(step, "step", STEP)?, integer(thread, "thread", THREAD)?);
        Ok(())
    }

    /// Say that the step which this thread began last is over.
    fn end(&self) {
        system::end(self.0);
    }

    /// Say that this thread is between steps, which is numbered as one.
    fn rest(&self, step: &Bound<'_, PyAny>, thread: &Bound<'_, PyAny>) -> PyResult<()> {
        system::rest(self.0, integer(step, "step", STEP)?, integer(thread, "thread", THREAD)?);
        Ok(())
    }

    /// Say that another program begins.
    fn next_program(&self) {
        system::next_program(self.0);
    }

    /// By what pages are made inaccessible.
    #[getter]
    fn method(&self) -> &'static str {
        system::method(self.0)
    }

    /// Bytes of addresses there are for guarded blocks.
    #[getter]
    fn capacity(&self) -> u64 {
        system::capacity(self.0)
    }

    /// What was done so far: `allocated`, `freed` and `passed` blocks, `bytes` that are live.
    fn counts<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let counts = PyDict::new(py);
        for (name, count) in system::counts(self.0) {
            counts.set_item(name, count)?;
        }
        Ok(counts)
    }

    /// The live blocks of the program that runs: (step, thread, blocks, bytes) for each moment that allocated some.
    fn left(&self) -> Vec<(i32, i16, u64, u64)> {
        system::left(self.0)
    }

    fn __repr__(&self) -> String {
        format!("<PageGuard: {}, {} MiB of addresses>", self.method(), self.capacity() >> 20)
    }
}

/// Have the n-th allocation that this thread makes through the interpreter's allocators fail; zero: none.
///
/// Returns how many were still to come until the one that was to fail before.
#[pyfunction]
pub(crate) fn fail_allocation(nth: &Bound<'_, PyAny>) -> PyResult<u64> {
    system::fail_allocation(integer(nth, "nth", NTH)?)
}

/// The functions at each of `offsets` into the file at `path`, the innermost first; none for what cannot be read.
#[pyfunction]
#[expect(clippy::needless_pass_by_value, reason = "arguments of functions that Python calls are owned")]
pub(crate) fn native_symbols(py: Python<'_>, path: std::path::PathBuf, offsets: Vec<u64>) -> Vec<Vec<Frame>> {
    py.detach(|| system::symbols(&path, &offsets))
}

#[cfg(page_guard)]
mod system {
    use std::path::Path;

    use deadhand_pages::{Guard as Inner, Method, PagesError};
    use pyo3::exceptions::{PyRuntimeError, PyValueError};
    use pyo3::prelude::*;

    use super::Frame;
    use crate::errors::{Unsupported, os};
    use crate::journal::Journal;

    pub(super) const UNSUPPORTED: Option<&str> = None;
    pub(super) type Guard = &'static Inner;

    const METHODS: [Method; 3] = [Method::Advice, Method::Userfault, Method::Mapping];

    pub(super) fn reserve(journal: &Journal, capacity: u64, method: Option<&str>) -> PyResult<Guard> {
        let method = method.map(named).transpose()?;
        Inner::reserve(journal.share(), capacity, method).map_err(from_pages)
    }

    fn named(name: &str) -> PyResult<Method> {
        METHODS.into_iter().find(|method| method.name() == name).ok_or_else(|| {
            let known = METHODS.map(Method::name).join(", ");
            PyValueError::new_err(format!("{name:?} is no method: pass one of {known}, or None for the best"))
        })
    }

    pub(super) fn arm(guard: Guard, stacks: bool) -> PyResult<()> {
        guard.arm(stacks).map_err(from_pages)
    }

    pub(super) fn disarm(guard: Guard) {
        guard.disarm();
    }

    pub(super) fn guard_objects(guard: Guard) -> PyResult<()> {
        guard.guard_objects().map_err(from_pages)
    }

    pub(super) fn patch(guard: Guard, libraries: Option<Vec<String>>) -> usize {
        guard.patch(libraries)
    }

    pub(super) fn begin(guard: Guard, step: i32, thread: i16) {
        guard.begin(step, thread);
    }

    pub(super) fn end(guard: Guard) {
        guard.end();
    }

    pub(super) fn rest(guard: Guard, step: i32, thread: i16) {
        guard.rest(step, thread);
    }

    pub(super) fn next_program(guard: Guard) {
        guard.next_program();
    }

    pub(super) fn method(guard: Guard) -> &'static str {
        guard.method().name()
    }

    pub(super) fn capacity(guard: Guard) -> u64 {
        guard.capacity()
    }

    pub(super) fn counts(guard: Guard) -> [(&'static str, u64); 4] {
        let counts = guard.counts();
        [
            ("allocated", counts.allocated as u64),
            ("freed", counts.freed as u64),
            ("passed", counts.passed as u64),
            ("bytes", counts.bytes),
        ]
    }

    pub(super) fn left(guard: Guard) -> Vec<(i32, i16, u64, u64)> {
        guard.left().iter().map(|left| (left.made.step(), left.made.thread(), left.blocks, left.bytes)).collect()
    }

    pub(super) fn fail_allocation(nth: u64) -> PyResult<u64> {
        deadhand_pages::fail_allocation(nth).map_err(from_pages)
    }

    pub(super) fn symbols(path: &Path, offsets: &[u64]) -> Vec<Vec<Frame>> {
        let found = deadhand_pages::resolve(path, offsets);
        found
            .into_iter()
            .map(|all| all.into_iter().map(|each| (each.function, each.file, each.line)).collect())
            .collect()
    }

    fn from_pages(error: PagesError) -> PyErr {
        let text = error.to_string();
        match error {
            PagesError::Small { .. } => PyValueError::new_err(text),
            PagesError::NoInterpreter => Unsupported::new_err(text),
            PagesError::Os { source, .. } => os(text, &source),
            _ => PyRuntimeError::new_err(text),
        }
    }
}

#[cfg(not(page_guard))]
mod system {
    use std::convert::Infallible;
    use std::path::Path;

    use pyo3::prelude::*;

    use super::Frame;
    use crate::errors::Unsupported;
    use crate::journal::Journal;

    const WHY: &str = "the page guard needs 64-bit Linux with glibc";

    pub(super) const UNSUPPORTED: Option<&str> = Some(WHY);
    pub(super) type Guard = Infallible;

    pub(super) fn reserve(_journal: &Journal, _capacity: u64, _method: Option<&str>) -> PyResult<Guard> {
        Err(Unsupported::new_err(format!("{WHY}: use the evidence mode debug here")))
    }

    pub(super) fn arm(guard: Guard, _stacks: bool) -> PyResult<()> {
        match guard {}
    }

    pub(super) fn disarm(guard: Guard) {
        match guard {}
    }

    pub(super) fn guard_objects(guard: Guard) -> PyResult<()> {
        match guard {}
    }

    pub(super) fn patch(guard: Guard, _libraries: Option<Vec<String>>) -> usize {
        match guard {}
    }

    pub(super) fn begin(guard: Guard, _step: i32, _thread: i16) {
        match guard {}
    }

    pub(super) fn end(guard: Guard) {
        match guard {}
    }

    pub(super) fn rest(guard: Guard, _step: i32, _thread: i16) {
        match guard {}
    }

    pub(super) fn next_program(guard: Guard) {
        match guard {}
    }

    pub(super) fn method(guard: Guard) -> &'static str {
        match guard {}
    }

    pub(super) fn capacity(guard: Guard) -> u64 {
        match guard {}
    }

    pub(super) fn counts(guard: Guard) -> [(&'static str, u64); 4] {
        match guard {}
    }

    pub(super) fn left(guard: Guard) -> Vec<(i32, i16, u64, u64)> {
        match guard {}
    }

    pub(super) fn fail_allocation(nth: u64) -> PyResult<u64> {
        if nth == 0 {
            return Ok(0);
        }
        Err(Unsupported::new_err(
            "allocations can fail on purpose on 64-bit Linux with glibc only: nothing else is affected",
        ))
    }

    pub(super) fn symbols(_path: &Path, offsets: &[u64]) -> Vec<Vec<Frame>> {
        vec![Vec::new(); offsets.len()]
    }
}
