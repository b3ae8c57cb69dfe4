//! What is alive in the core.

use std::collections::HashMap;

use deadhand_core::buffer::Buffers;
use deadhand_core::store::alive;
use deadhand_core::text::Texts;

use crate::channel::channels;
use crate::event::callbacks;
use crate::runtime::futures;

/// How many objects of each kind are alive in this process; `queued` are disposed of and wait for their own thread.
#[uniffi::export]
#[must_use]
pub fn core_ledger() -> HashMap<String, u64> {
    let kinds = alive();
    let mut ledger = HashMap::from([("queued".to_owned(), kinds.iter().map(|each| u64::from(each.queued)).sum())]);
    let mut note = |counts: &[(&str, u32)]| {
        ledger.extend(counts.iter().map(|(kind, count)| ((*kind).to_owned(), u64::from(*count))));
    };
    for each in &kinds {
        note(&[(each.kind, each.count)]);
    }
    if let Ok(callbacks) = callbacks() {
        note(&callbacks.alive());
    }
    if let Ok(channels) = channels() {
        note(&channels.alive());
    }
    if let Ok(futures) = futures() {
        note(&futures.alive());
    }
    if let Ok(buffers) = Buffers::shared() {
        note(&buffers.alive());
    }
    if let Ok(texts) = Texts::shared() {
        note(&[texts.alive()]);
    }
    ledger
}
