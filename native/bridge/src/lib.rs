//! `deadhand._native`: what Python sees of the native parts.
//!
//! Conversion only. Arguments come in, errors go out as exceptions that name cause and remedy, and nothing is decided
//! here. The Python side is described in `harness/deadhand/_native.pyi`.
#![forbid(unsafe_code)]

mod arguments;
mod build;
mod core;
mod errors;
mod journal;
mod pages;
mod process;
mod schedule;

/// The native parts of deadhand: the crash-proof journal, what a parent of doomed processes asks of the system, and a
/// small library of guarded handles.
// Nothing here relies on the GIL: a journal is all atomics; a handle of the core is a number that its table checks and
// counts atomically at each use, whoever comes; what is lent to Python counts its claims under a lock of its own; the
// rest keeps no state. What the collector must see of events, channels, tasks and coroutines that wait changes only on
// threads that are attached, which it stops before it looks.
#[pyo3::pymodule(gil_used = false)]
mod _native {
    use pyo3::prelude::*;

    use crate::core::prepare;

    #[pymodule_export]
    use crate::build::build_info;
    #[pymodule_export]
    use crate::core::Text;
    #[pymodule_export]
    use crate::core::errors::NotText;
    #[pymodule_export]
    use crate::core::errors::OutOfRange;
    use crate::core::errors::describe_panics;
    #[pymodule_export]
    use crate::core::errors::{
        BusyHandle, ClosedHandle, DatabaseError, FencedHandle, HandleError, HasChildren, NativePanic, StaleHandle,
        WrongThread,
    };
    #[pymodule_export]
    use crate::core::errors::{CallbackFailed, DeadTarget};
    #[pymodule_export]
    use crate::core::errors::{ChannelEmpty, ChannelFull};
    #[pymodule_export]
    use crate::core::errors::{ForkedRuntime, TaskCancelled, TaskPending, WouldDeadlock};
    #[pymodule_export]
    use crate::core::{Buffer, Pool, Slice, Span};
    #[pymodule_export]
    use crate::core::{Consumer, Producer, channel};
    #[pymodule_export]
    use crate::core::{Deleter, Reader, Store, Writer, core_ledger};
    #[pymodule_export]
    use crate::core::{Event, Registration};
    #[pymodule_export]
    use crate::core::{Interface, LastError, clear_last_error, last_error, take_last_error};
    #[pymodule_export]
    use crate::core::{Runtime, Task};
    #[pymodule_export]
    use crate::errors::{JournalCorrupt, JournalFull, Unsupported};
    #[pymodule_export]
    use crate::journal::Journal;
    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        prepare(module.py())?;
        describe_panics(module.py())
    }

    #[pymodule_export]
    use crate::pages::{PageGuard, fail_allocation, native_symbols};
    #[pymodule_export]
    use crate::process::{children, set_child_subreaper, set_parent_death_signal};
    #[pymodule_export]
    use crate::schedule::{Region, Scheduler, schedule_point};
}
