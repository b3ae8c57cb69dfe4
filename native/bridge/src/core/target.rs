//! What an event calls: a Python object, or a weak reference to one.

use deadhand_core::callback::{OnDead, Target as Native, WeakHost};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::arguments::wrong_type;

pub(super) type Object = Py<PyAny>;
pub(super) type Target = Native<Object, Weak>;

/// A `weakref.ref`, or a `weakref.WeakMethod` for a bound method. Either can be called, and has no way back to an event.
pub(super) struct Weak(Object);

impl WeakHost<Object> for Weak {
    fn upgrade(&self) -> Option<Object> {
        Python::try_attach(|py| self.0.call0(py).ok().filter(|object| !object.is_none(py))).flatten()
    }
}

/// The callback, to be kept alive or not.
pub(super) fn target(callback: &Bound<'_, PyAny>, weak: bool) -> PyResult<Target> {
    if !callback.is_callable() {
        return Err(wrong_type(callback, "callback", "callable", "pass a function or a method"));
    }
    if !weak {
        return Ok(Native::Strong(callback.clone().unbind()));
    }
    let py = callback.py();
    let method = callback.is_exact_instance(&py.import("types")?.getattr("MethodType")?);
    let reference = py.import("weakref")?.getattr(if method { "WeakMethod" } else { "ref" })?.call1((callback,));
    let reference = reference.map_err(|error| {
        let ours = error.is_instance_of::<PyTypeError>(py);
        if ours { wrong_type(callback, "callback", "weakly referable", "pass weak=False, or wrap it") } else { error }
    })?;
    Ok(Native::Weak(Weak(reference.unbind())))
}

/// The policy with that name.
pub(super) fn policy(name: &Bound<'_, PyAny>) -> PyResult<OnDead> {
    const REMEDY: &str = "pass 'error', 'skip' or 'unregister'";
    let text = name.cast::<PyString>().map_err(|_| wrong_type(name, "on_dead", "a str", REMEDY))?;
    match text.to_string_lossy().as_ref() {
        "error" => Ok(OnDead::Error),
        "skip" => Ok(OnDead::Skip),
        "unregister" => Ok(OnDead::Unregister),
        _ => Err(PyValueError::new_err(format!("on_dead is no policy: {REMEDY}"))),
    }
}
