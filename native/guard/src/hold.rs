//! What a child has of its parent.

use std::fmt;
use std::sync::Arc;

use crate::Handle;

/// A child's claim on its parent, in whatever table that is; dropping it gives the parent up.
///
/// In a table that refuses, the parent cannot be disposed of meanwhile (`HasChildren`); in one that defers, it can be
/// closed but stays in memory. Made by [`Table::hold`](crate::Table::hold), and usually given to
/// [`Table::insert_under`](crate::Table::insert_under), which drops it right after the child.
///
/// It keeps the parent's *table* alive, too. A table that holds itself, through a parent and a child inside it, is
/// therefore not freed before the child is disposed of.
pub struct Hold {
    table: Arc<dyn Parents>,
    handle: Handle,
}

/// The part of a table that a hold needs to remember.
pub(crate) trait Parents: Send + Sync {
    /// Ends one child's hold.
    fn release_child(&self, parent: Handle);
}

impl Hold {
    pub(crate) fn new(table: Arc<dyn Parents>, handle: Handle) -> Self {
        Self { table, handle }
    }

    /// The parent.
    #[must_use]
    pub fn parent(&self) -> Handle {
        self.handle
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.table.release_child(self.handle);
    }
}

impl fmt::Debug for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Hold").field(&self.handle).finish()
    }
}
