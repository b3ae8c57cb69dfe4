//! An event from the inside: an ordered list of registrations, which end with it.

use std::sync::{Arc, Mutex};

use deadhand_guard::{Handle, SharedTable};

use super::{OnDead, Target};
use crate::lock::lock;

#[derive(Debug)]
pub(super) struct Registration<T, W> {
    pub(super) event: Handle,
    pub(super) target: Target<T, W>,
    pub(super) on_dead: OnDead,
}

#[derive(Debug)]
pub(super) struct Event<T, W> {
    list: Mutex<Vec<Handle>>,
    registrations: Arc<SharedTable<Registration<T, W>>>,
}

impl<T, W> Event<T, W> {
    pub(super) fn new(registrations: Arc<SharedTable<Registration<T, W>>>) -> Self {
        Self { list: Mutex::default(), registrations }
    }

    pub(super) fn add(&self, registration: Handle) {
        let mut list = lock(&self.list);
        #[cfg(test)]
        crate::planted::here("callback.register");
        list.push(registration);
    }

    pub(super) fn remove(&self, registration: Handle) {
        lock(&self.list).retain(|other| *other != registration);
    }

    /// Those registered right now, in that order.
    pub(super) fn snapshot(&self) -> Vec<Handle> {
        lock(&self.list).clone()
    }

    /// Takes all of them off the list.
    pub(super) fn take(&self) -> Vec<Handle> {
        std::mem::take(&mut lock(&self.list))
    }
}

impl<T, W> Drop for Event<T, W> {
    fn drop(&mut self) {
        for registration in self.take() {
            // It may have been unregistered meanwhile; a destructor that panics is counted in the ledger.
            drop(self.registrations.dispose(registration));
        }
    }
}
