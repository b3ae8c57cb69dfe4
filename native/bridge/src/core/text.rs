//! The text as a Python class.

use deadhand_core::guard::Handle;
use deadhand_core::text::{TextError, Texts};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString, PyTuple};

use super::drop::undisposed;
use super::errors::{from_guard, from_text};
use super::memory::{size, writable};
use crate::arguments::{bytes, wrong_type};

/// A text in native memory, which never changes. Any thread may use it.
#[pyclass(frozen, weakref, module = "deadhand._native")]
pub(crate) struct Text {
    all: &'static Texts,
    handle: Handle,
}

#[pymethods]
impl Text {
    /// Make a text of a str.
    #[staticmethod]
    fn of(py: Python<'_>, text: &Bound<'_, PyAny>) -> PyResult<Self> {
        let Ok(text) = text.cast::<PyString>() else {
            return Err(wrong_type(text, "text", "a str", "decode it first, or use Text.from_bytes()"));
        };
        // A str may have surrogates, and then is no UTF-8: the core says which and where.
        let encoded = match text.encode_utf8() {
            Ok(encoded) => encoded.into_any(),
            Err(_) => py.get_type::<PyString>().call_method1("encode", (text, "utf-8", "surrogatepass"))?,
        };
        let encoded = bytes(&encoded, "text")?;
        Self::made(py, |all| all.from_bytes(encoded))
    }

    /// Make a text of UTF-8; with `lossy`, of any bytes, with U+FFFD for what is not UTF-8.
    #[staticmethod]
    #[pyo3(signature = (data, *, lossy = false))]
    fn from_bytes(py: Python<'_>, data: &Bound<'_, PyAny>, lossy: bool) -> PyResult<Self> {
        let data = bytes(data, "data")?;
        Self::made(py, |all| if lossy { all.from_bytes_lossy(data) } else { all.from_bytes(data) })
    }

    /// How many bytes it has in UTF-8.
    #[getter]
    fn length(&self, py: Python<'_>) -> PyResult<usize> {
        py.detach(|| self.all.length(self.handle)).map_err(|error| from_text(py, &error))
    }

    /// How many characters it has.
    #[getter]
    fn characters(&self, py: Python<'_>) -> PyResult<usize> {
        py.detach(|| self.all.characters(self.handle)).map_err(|error| from_text(py, &error))
    }

    fn __str__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyString>> {
        let text = py.detach(|| self.all.get(self.handle)).map_err(|error| from_text(py, &error))?;
        Ok(PyString::new(py, &text))
    }

    /// Return it as C wants it: UTF-8 with a NUL at the end, and nowhere else.
    fn for_c<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let text = py.detach(|| self.all.get_for_c(self.handle)).map_err(|error| from_text(py, &error))?;
        Ok(PyBytes::new(py, text.as_bytes_with_nul()))
    }

    /// Copy all of it to the beginning of the writable buffer `into`, and return how many bytes that are.
    fn read_into(&self, py: Python<'_>, into: &Bound<'_, PyAny>) -> PyResult<usize> {
        let into = writable(into)?;
        let copy = |bytes: &[u8]| {
            into.fill(bytes);
            bytes.len()
        };
        py.detach(|| self.all.show(self.handle, into.len(), copy)).map_err(|error| from_text(py, &error))
    }

    /// Make a text of the bytes `start` to `end`.
    fn cut(&self, py: Python<'_>, start: &Bound<'_, PyAny>, end: &Bound<'_, PyAny>) -> PyResult<Self> {
        let (start, end) = (size(start, "start")?, size(end, "end")?);
        Self::made(py, |all| all.cut(self.handle, start, end))
    }

    /// Make a text of this one and the other one after it.
    fn join(&self, py: Python<'_>, other: &Bound<'_, PyAny>) -> PyResult<Self> {
        let Ok(other) = other.cast::<Self>() else {
            return Err(wrong_type(other, "other", "a Text", "make one with Text.of()"));
        };
        let other = other.get().handle;
        Self::made(py, |all| all.join(self.handle, other))
    }

    /// Panic in native code, for tests: raises `NativePanic` and leaves the text fenced off.
    fn provoke_panic(&self, py: Python<'_>) -> PyResult<()> {
        py.detach(|| self.all.provoke_panic(self.handle)).map_err(|error| from_text(py, &error))
    }

    /// End it. Calls that are reading it on other threads end well.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        py.detach(|| self.all.close(self.handle)).map_err(|error| from_text(py, &error))
    }

    /// Whether it is closed.
    #[getter]
    fn closed(&self) -> bool {
        !self.all.is_open(self.handle)
    }

    /// Its handle: a number that no other object has, or had.
    #[getter]
    fn handle(&self) -> u64 {
        self.handle.to_u64()
    }

    fn __enter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(&self, py: Python<'_>, _exception: &Bound<'_, PyTuple>) -> PyResult<()> {
        self.close(py)
    }

    fn __repr__(&self) -> String {
        format!("<Text {}: {}>", self.handle, if self.closed() { "closed" } else { "open" })
    }
}

impl Text {
    fn made(py: Python<'_>, make: impl Fn(&Texts) -> Result<Handle, TextError> + Sync) -> PyResult<Self> {
        let all = texts(py)?;
        py.detach(|| make(all)).map(|handle| Self { all, handle }).map_err(|error| from_text(py, &error))
    }
}

/// The texts of the process.
pub(super) fn texts(py: Python<'_>) -> PyResult<&'static Texts> {
    py.detach(Texts::shared).map_err(|error| from_guard(&error))
}

impl Drop for Text {
    fn drop(&mut self) {
        if self.all.is_open(self.handle) {
            undisposed("text", self.handle, || self.all.discard(self.handle));
        }
    }
}
