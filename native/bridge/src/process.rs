//! What a parent of doomed processes asks of the operating system.

use pyo3::prelude::*;

use crate::arguments::integer;

/// Have the kernel send `signum` to this process when its parent dies; 0 takes it back.
#[pyfunction]
pub(crate) fn set_parent_death_signal(signum: &Bound<'_, PyAny>) -> PyResult<()> {
    system::set_parent_death_signal(integer(signum, "signum", "pass a signal such as signal.SIGKILL, or 0 for none")?)
}

/// Make this process the parent of descendants whose own parent dies, or stop being it.
#[pyfunction]
pub(crate) fn set_child_subreaper(on: bool) -> PyResult<()> {
    system::set_child_subreaper(on)
}

/// The process ids of this process's children, zombies included, in ascending order.
#[pyfunction]
pub(crate) fn children() -> PyResult<Vec<i32>> {
    system::children()
}

#[cfg(target_os = "linux")]
mod system {
    use std::fs;
    use std::process;

    use pyo3::exceptions::PyValueError;
    use pyo3::prelude::*;
    use rustix::process::{Signal, getpid};

    use crate::errors::os;

    pub(super) fn set_parent_death_signal(signum: i32) -> PyResult<()> {
        let signal = Signal::from_named_raw(signum);
        if signal.is_none() && signum != 0 {
            return Err(PyValueError::new_err(format!(
                "{signum} is not a signal that has a name: pass one such as signal.SIGKILL, or 0 for none"
            )));
        }
        rustix::process::set_parent_process_death_signal(signal)
            .map_err(|error| os("cannot set the parent-death signal".to_owned(), &error.into()))
    }

    pub(super) fn set_child_subreaper(on: bool) -> PyResult<()> {
        // Any process id means "on" to the kernel.
        rustix::process::set_child_subreaper(on.then(getpid))
            .map_err(|error| os("cannot change the child subreaper".to_owned(), &error.into()))
    }

    pub(super) fn children() -> PyResult<Vec<i32>> {
        let processes = fs::read_dir("/proc")
            .map_err(|error| os("cannot list /proc: mount it in this container".to_owned(), &error))?;
        let own = process::id().to_string();
        let mut found: Vec<i32> = processes
            .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
            // A process that ends while we look has no file any more, and is no child of interest.
            .filter(|pid| fs::read(format!("/proc/{pid}/stat")).is_ok_and(|stat| parent(&stat) == Some(own.as_bytes())))
            .collect();
        found.sort_unstable();
        Ok(found)
    }

    /// The parent's id in the text of a `stat` file: the second field after the name, which may itself hold `)`.
    fn parent(stat: &[u8]) -> Option<&[u8]> {
        let name_end = stat.iter().rposition(|byte| *byte == b')')?;
        stat[name_end..].split(|byte| *byte == b' ').nth(2)
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use pyo3::prelude::*;

    use crate::errors::Unsupported;

    pub(super) fn set_parent_death_signal(_signum: i32) -> PyResult<()> {
        Err(Unsupported::new_err("parent-death signals exist only on Linux: kill children from the parent instead"))
    }

    pub(super) fn set_child_subreaper(_on: bool) -> PyResult<()> {
        Err(Unsupported::new_err("child subreapers exist only on Linux: put children into a process group instead"))
    }

    pub(super) fn children() -> PyResult<Vec<i32>> {
        Err(Unsupported::new_err("/proc exists only on Linux: keep the process ids of the children you start"))
    }
}
