//! Waiting for a future of the core: it is polled with the GIL, and waited for without.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{Thread, current, park_timeout};
use std::time::{Duration, Instant};

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// How long a Ctrl-C may go unnoticed.
const SIGNALS: Duration = Duration::from_millis(50);

/// How long to wait, without end if there is none.
pub(super) fn duration(timeout: Option<f64>) -> PyResult<Option<Duration>> {
    const REMEDY: &str = "pass seconds, 0 or more, or None to wait without end";
    let valid = |seconds| Duration::try_from_secs_f64(seconds);
    timeout.map(valid).transpose().map_err(|_| PyValueError::new_err(format!("timeout is out of range: {REMEDY}")))
}

/// A time that has an end.
pub(super) fn seconds(value: f64, name: &str) -> PyResult<Duration> {
    let valid = Duration::try_from_secs_f64(value);
    valid.map_err(|_| PyValueError::new_err(format!("{name} is out of range: pass seconds, 0 or more")))
}

/// What the future is ready with; None if it is not in time.
pub(super) fn wait<F: Future + Unpin>(
    py: Python<'_>,
    future: &mut F,
    timeout: Option<Duration>,
) -> PyResult<Option<F::Output>> {
    let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
    let waker = Waker::from(Arc::new(Sleeper(current())));
    let mut context = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(answer) = Pin::new(&mut *future).poll(&mut context) {
            return Ok(Some(answer));
        }
        let left = deadline.map_or(SIGNALS, |deadline| deadline.saturating_duration_since(Instant::now()));
        if left.is_zero() {
            return Ok(None);
        }
        py.detach(|| park_timeout(left.min(SIGNALS)));
        py.check_signals()?;
    }
}

struct Sleeper(Thread);

impl Wake for Sleeper {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
