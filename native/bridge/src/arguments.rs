//! Arguments from Python, checked, with the remedy in the message.

use pyo3::exceptions::{PyOverflowError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyInt};

/// An integer argument; `remedy` says what would be right.
pub(crate) fn integer<'py, T>(value: &Bound<'py, PyAny>, name: &str, remedy: &str) -> PyResult<T>
where
    T: for<'a> FromPyObject<'a, 'py, Error = PyErr>,
{
    value.extract().map_err(|error: PyErr| {
        let py = value.py();
        if error.is_instance_of::<PyOverflowError>(py) {
            PyValueError::new_err(format!("{name} is out of range: {remedy}"))
        } else if error.is_instance_of::<PyTypeError>(py) && !value.is_instance_of::<PyInt>() {
            wrong_type(value, name, "an int", remedy)
        } else {
            error
        }
    })
}

/// A bytes argument. Nothing else will do: what the buffer protocol lends could change during the call.
pub(crate) fn bytes<'a>(value: &'a Bound<'_, PyAny>, name: &str) -> PyResult<&'a [u8]> {
    match value.cast::<PyBytes>() {
        Ok(bytes) => Ok(bytes.as_bytes()),
        Err(_) => Err(wrong_type(value, name, "bytes", "encode it first")),
    }
}

/// The exception for an argument of the wrong type.
#[cold]
pub(crate) fn wrong_type(value: &Bound<'_, PyAny>, name: &str, expected: &str, remedy: &str) -> PyErr {
    let found = value.get_type().name().map_or_else(|_| "something else".to_owned(), |name| name.to_string());
    PyTypeError::new_err(format!("{name} must be {expected}, not {found}: {remedy}"))
}
