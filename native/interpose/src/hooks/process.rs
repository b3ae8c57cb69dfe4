//! `vfork`: its child would run the scheduler in the parent's memory, so it gets memory of its own.

use libc::pid_t;

use super::{hooks, table};
use crate::real;
use crate::slots::Hook;

hooks! {
    // A function that returns twice cannot be called on somebody's behalf; `fork` does what a caller may rely on.
    fn apart as vfork() -> pid_t {
        |_me, of| real::fork(of);
        else |of| real::fork(of)
    }
}

pub(super) fn table() -> Vec<Hook> {
    table![apart as vfork]
}
