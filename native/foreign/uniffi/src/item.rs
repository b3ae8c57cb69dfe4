//! What travels through channels, callbacks and tasks.

use std::fmt::Debug;

/// Any object of the host. It subclasses this, as UniFFI lets no other through.
#[uniffi::export(rust, foreign)]
pub trait Item: Send + Sync + Debug {}
