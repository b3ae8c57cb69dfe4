//! Freeing: what was freed is gone for everybody, so here others go first. `malloc` is no point.

use libc::{c_int, c_void, size_t};

use super::{hooks, table};
use crate::real;
use crate::sched::Point;
use crate::slots::Hook;

hooks! {
    fn release as free(block: *mut c_void) -> () {
        |me, of| {
            real::free(of, block);
            if !block.is_null() {
                me.run.stop(me, Point::Free, 0, false);
            }
        }
    }

    fn resize as realloc(block: *mut c_void, size: size_t) -> *mut c_void {
        |me, of| {
            let resized = real::realloc(of, block, size);
            if !block.is_null() && block != resized {
                me.run.stop(me, Point::Free, 0, false);
            }
            resized
        }
    }

    fn unmap as munmap(start: *mut c_void, length: size_t) -> c_int {
        |me, of| {
            let result = real::munmap(of, start, length);
            me.run.stop(me, Point::Free, 0, false);
            result
        }
    }
}

pub(super) fn table() -> Vec<Hook> {
    table![release as free, resize as realloc, unmap as munmap]
}
