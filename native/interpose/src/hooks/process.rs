//! `fork`: what a process does that a region starts is not in our hands. `vfork`: its child would run the scheduler in
//! the parent's memory, so it gets memory of its own.

use libc::pid_t;

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

pub(super) fn table() -> Vec<Hook> {
    table![start as fork, apart as vfork]
}

impl Managed {
    fn fork(&self, of: Contract) -> pid_t {
        self.run.lock().lose(Control::Partial, "a process was started");
        real::fork(of)
    }
}
