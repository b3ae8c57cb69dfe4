//! `fork`: what a process does that a region starts is not in our hands. `vfork`: its child would run the scheduler in
//! the parent's memory, so it gets memory of its own.

use libc::{c_char, c_int, c_void, pid_t};

use super::{hooks, table};
use crate::model::Control;
use crate::real::{self, Contract};
use crate::sched::managed::Managed;
use crate::slots::Hook;

hooks! {
    fn start as fork() -> pid_t {
        |me, of| me.fork(of)
    }

    // A function that returns twice cannot be called on somebody's behalf; `fork` does what a caller may rely on.
    fn apart as vfork() -> pid_t {
        |me, of| me.fork(of);
        else |of| real::fork(of)
    }
}

hooks! {
    fn spawn as posix_spawn(
        process: *mut pid_t, path: *const c_char, actions: *const c_void, attributes: *const c_void,
        arguments: *const *mut c_char, environment: *const *mut c_char,
    ) -> c_int {
        |me, of| {
            me.note_process();
            real::posix_spawn(of, process, path, actions, attributes, arguments, environment)
        }
    }

    fn spawn_found as posix_spawnp(
        process: *mut pid_t, file: *const c_char, actions: *const c_void, attributes: *const c_void,
        arguments: *const *mut c_char, environment: *const *mut c_char,
    ) -> c_int {
        |me, of| {
            me.note_process();
            real::posix_spawnp(of, process, file, actions, attributes, arguments, environment)
        }
    }
}

pub(super) fn table() -> Vec<Hook> {
    table![start as fork, apart as vfork, spawn as posix_spawn, spawn_found as posix_spawnp]
}

impl Managed {
    fn fork(&self, of: Contract) -> pid_t {
        self.note_process();
        real::fork(of)
    }

    fn note_process(&self) {
        self.run.lock().lose(Control::Partial, "a process was started");
    }
}
