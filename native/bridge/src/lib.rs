//! `deadhand._native`: what Python sees of the native parts.
//!
//! Conversion only. Arguments come in, errors go out as exceptions that name cause and remedy, and nothing is decided
//! here. The Python side is described in `harness/deadhand/_native.pyi`.
#![forbid(unsafe_code)]

mod arguments;
mod build;
mod errors;
mod journal;
mod process;

/// The native parts of deadhand: the crash-proof journal, and what a parent of doomed processes asks of the system.
// Nothing here relies on the GIL: a journal is all atomics, the rest keeps no state.
#[pyo3::pymodule(gil_used = false)]
mod _native {
    #[pymodule_export]
    use crate::build::build_info;
    #[pymodule_export]
    use crate::errors::{JournalCorrupt, JournalFull, Unsupported};
    #[pymodule_export]
    use crate::journal::Journal;
    #[pymodule_export]
    use crate::process::{children, set_child_subreaper, set_parent_death_signal};
}
