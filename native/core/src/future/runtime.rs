//! A runtime from the inside: tokio's, and the promises that it is to keep.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use super::promise::Promise;
use super::{Closing, Fate};
use crate::lock::lock;

pub(super) struct Runtime<T> {
    tokio: Mutex<Option<tokio::runtime::Runtime>>,
    spawner: tokio::runtime::Handle,
    tasks: Arc<Tasks<T>>,
    /// Where its threads are.
    process: u32,
}

/// Promises that are not settled yet; `None` when the runtime is closed.
struct Tasks<T> {
    open: Mutex<Option<HashMap<u64, Weak<Promise<T>>>>>,
    last: AtomicUsize,
    running: AtomicUsize,
}

/// One task that runs on the runtime, until it is dropped.
pub(super) struct Running<T> {
    tasks: Arc<Tasks<T>>,
    number: u64,
}

impl<T> Runtime<T> {
    pub(super) fn start(workers: usize) -> std::io::Result<Self> {
        let tokio = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(workers)
            .max_blocking_threads(workers)
            .thread_name("deadhand-core")
            .enable_time()
            .build()?;
        let spawner = tokio.handle().clone();
        let (last, running) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let tasks = Arc::new(Tasks { open: Mutex::new(Some(HashMap::new())), last, running });
        let process = crate::process::id();
        Ok(Self { tokio: Mutex::new(Some(tokio)), spawner, tasks, process })
    }

    pub(super) fn spawner(&self) -> &tokio::runtime::Handle {
        &self.spawner
    }

    /// Lets a task in, unless the runtime is closed.
    pub(super) fn admit(&self, promise: &Arc<Promise<T>>) -> Option<Running<T>> {
        let number = self.tasks.last.fetch_add(1, Ordering::Relaxed) as u64;
        lock(&self.tasks.open).as_mut()?.insert(number, Arc::downgrade(promise));
        self.tasks.running.fetch_add(1, Ordering::SeqCst);
        Some(Running { tasks: Arc::clone(&self.tasks), number })
    }

    /// Whether its threads are in another process.
    pub(super) fn forked(&self) -> bool {
        self.process != crate::process::id()
    }

    /// How many tasks run, or wait to.
    pub(super) fn running(&self) -> usize {
        self.tasks.running.load(Ordering::SeqCst)
    }

    /// Tells every pending task, and then stops the threads. On a thread of a runtime nobody waits for that.
    pub(super) fn close(&self, patience: Duration) -> Closing {
        let pending = lock(&self.tasks.open).take().unwrap_or_default();
        let promises = pending.into_values().filter_map(|promise| promise.upgrade());
        let told = promises.filter(|promise| promise.settle(Err(Fate::RuntimeClosed))).count();
        let tokio = lock(&self.tokio).take();
        if let Some(tokio) = tokio {
            if self.forked() {
                // Its threads cannot be stopped, nor can what they had locked be unlocked: leak our copy.
                std::mem::forget(tokio);
            } else if patience.is_zero() || super::runs_tasks() {
                tokio.shutdown_background();
            } else {
                tokio.shutdown_timeout(patience);
            }
        }
        Closing { told, still_running: self.running() }
    }
}

impl<T> Drop for Runtime<T> {
    fn drop(&mut self) {
        self.close(Duration::ZERO);
    }
}

impl<T> Drop for Running<T> {
    fn drop(&mut self) {
        if let Some(open) = lock(&self.tasks.open).as_mut() {
            open.remove(&self.number);
        }
        self.tasks.running.fetch_sub(1, Ordering::SeqCst);
    }
}
