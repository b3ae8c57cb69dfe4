//! What waits in a channel, as the host's garbage collector needs it.

use std::sync::{Arc, Weak};

use super::end::Core;

/// The items that wait in one channel. All ends share them, so let one object of the host own this, and the ends own
/// that. It keeps neither the channel nor its items.
#[derive(Debug)]
pub struct Contents<T>(Weak<Core<T>>);

impl<T> Contents<T> {
    pub(super) fn of(core: &Arc<Core<T>>) -> Self {
        Self(Arc::downgrade(core))
    }

    /// Shows every item that waits. The channel is locked meanwhile: `visit` must not call back, nor wait.
    pub fn visit(&self, visit: impl FnMut(&T)) {
        if let Some(core) = self.0.upgrade() {
            core.visit(visit);
        }
    }

    /// Takes all items that wait, although somebody might have received them: the host has found them to be garbage.
    #[must_use]
    pub fn take(&self) -> Vec<T> {
        self.0.upgrade().map_or_else(Vec::new, |core| core.take())
    }
}
