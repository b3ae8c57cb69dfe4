//! What this build is.

use pyo3::prelude::*;
use pyo3::types::PyDict;

/// Say what this build is: `version`, `profile`, `target`, `pyo3`, `journal_format` and `checked`.
#[pyfunction]
pub(crate) fn build_info(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let info = PyDict::new(py);
    info.set_item("version", env!("CARGO_PKG_VERSION"))?;
    info.set_item("profile", env!("DEADHAND_PROFILE"))?;
    info.set_item("target", env!("DEADHAND_TARGET"))?;
    info.set_item("pyo3", env!("DEADHAND_PYO3"))?;
    info.set_item("journal_format", deadhand_journal::FORMAT_VERSION.to_string())?;
    info.set_item("checked", deadhand_core::guard::build_info().checked)?;
    Ok(info)
}
