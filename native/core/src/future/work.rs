//! What tasks of hosts that have no futures of their own can do: wait, compute, and go wrong.

use std::time::Duration;

use tokio::task::yield_now;

/// How many numbers are looked at between two looks at the rest of the world.
const BATCH: u32 = 1024;

/// Is ready after that time, and at once if that is none: a timer would wait for its next tick, up to 1 ms away. To be
/// polled on a [runtime](super::Futures::runtime).
pub async fn sleep(time: Duration) {
    if !time.is_zero() {
        tokio::time::sleep(time).await;
    }
}

/// How many primes are below the limit. It computes, and lets others run in between: so it can be cancelled.
pub async fn count_primes(limit: u32) -> u32 {
    let mut count = 0;
    for number in 2..limit {
        count += u32::from(is_prime(number));
        if number % BATCH == 0 {
            yield_now().await;
        }
    }
    count
}

/// Panics when it is first polled, for tests.
///
/// # Panics
/// Always.
pub async fn panics<T>() -> T {
    panic!("provoked by a task")
}

fn is_prime(number: u32) -> bool {
    (2..number).take_while(|divisor| *divisor <= number / divisor).all(|divisor| !number.is_multiple_of(divisor))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::future::{Cancel, Fate, FutureError, Futures};

    const LONG: Duration = Duration::from_secs(8);

    #[test]
    fn work_is_done_and_can_be_cancelled() {
        let all = Futures::new(None).unwrap();
        let runtime = all.runtime(1).unwrap();
        for (limit, primes) in [(0, 0), (2, 0), (3, 1), (30, 10), (8000, 1007)] {
            let task = all.spawn(runtime, count_primes(limit)).unwrap();
            assert_eq!(all.join(task, Some(LONG)).unwrap(), primes);
        }
        let endless = all.spawn(runtime, count_primes(u32::MAX)).unwrap();
        let sleeper = all
            .spawn(runtime, async {
                sleep(Duration::from_millis(1)).await;
                7
            })
            .unwrap();
        assert_eq!(all.join(sleeper, Some(LONG)).unwrap(), 7, "on the one thread, beside the endless one");
        let panicking = all.spawn(runtime, panics()).unwrap();
        let error = all.join(panicking, Some(LONG)).unwrap_err();
        assert!(matches!(&error, FutureError::Panicked { panicked } if panicked.location().is_some()), "{error}");
        assert_eq!(all.cancel(endless).unwrap(), Cancel::Cancelled);
        assert_eq!(all.fate(endless).unwrap(), Some(Fate::Cancelled));
        assert_eq!(all.close(runtime, LONG).unwrap().still_running, 0);
    }
}
