//! An end to recursion before the stack has one: an overflow cannot be caught.

use std::cell::Cell;

use super::CallbackError;

/// How deep callbacks can be nested on one thread.
pub const MAX_DEPTH: u32 = 64;

thread_local! {
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// One level, until it is dropped.
pub(super) struct Level;

impl Level {
    pub(super) fn enter() -> Result<Self, CallbackError> {
        let depth = DEPTH.get();
        if depth == MAX_DEPTH {
            return Err(CallbackError::TooDeep { limit: MAX_DEPTH });
        }
        DEPTH.set(depth + 1);
        Ok(Self)
    }
}

impl Drop for Level {
    fn drop(&mut self) {
        DEPTH.set(DEPTH.get() - 1);
    }
}
