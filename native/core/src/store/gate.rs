//! Who may still become a child of a store: what a close that refuses needs to know and to stop in one step.
//!
//! The table of stores defers, and its own count of children is only looked at when it frees.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

#[derive(Debug, Default)]
pub(super) struct Gate(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    closed: bool,
    children: u32,
}

/// One child's place; dropping it gives it up.
#[derive(Debug)]
pub(super) struct Ticket(Arc<Gate>);

impl Gate {
    /// A place for one more child; `None` after the gate is closed.
    pub(super) fn enter(self: &Arc<Self>) -> Option<Ticket> {
        let mut state = self.state();
        if state.closed {
            return None;
        }
        state.children += 1;
        Some(Ticket(Arc::clone(self)))
    }

    /// Closes the gate if there are no children.
    ///
    /// # Errors
    /// How many there are.
    pub(super) fn close_if_empty(&self) -> Result<(), u32> {
        let mut state = self.state();
        if state.children > 0 {
            return Err(state.children);
        }
        state.closed = true;
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No code of others runs under the lock, so it cannot be left half-changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.0.state().children -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closes_only_when_empty_and_then_lets_nobody_in() {
        let gate = Arc::new(Gate::default());
        let (first, second) = (gate.enter().unwrap(), gate.enter());
        assert_eq!(gate.close_if_empty(), Err(2));
        drop(second);
        assert_eq!(gate.close_if_empty(), Err(1));
        drop(first);
        assert_eq!(gate.close_if_empty(), Ok(()));
        assert!(gate.enter().is_none());
    }
}
