//! Real threads on one table: growth, reuse, pins and disposes at the same time. What loom cannot see, as chunks are
//! made behind std's `OnceLock`, and hardware that reorders.
#![cfg(not(loom))]

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use deadhand_guard::{Config, GuardError, Handle, SharedTable};

const THREADS: u64 = 4;
const ROUNDS: u64 = if cfg!(miri) { 50 } else { 5000 };

/// A number twice, and a drop that is counted and leaves neither.
struct Twice<'a>(u64, u64, &'a AtomicU64);

impl Drop for Twice<'_> {
    fn drop(&mut self) {
        assert_eq!(self.0, !self.1, "dropped twice, or overwritten");
        (self.0, self.1) = (0, 0);
        self.2.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn every_pin_shows_its_own_object_and_every_object_is_freed_once() {
    let freed = AtomicU64::new(0);
    let table = SharedTable::new(Config::new("pair").reuse_distance(8)).unwrap();
    let known: Mutex<Vec<(Handle, u64)>> = Mutex::default();
    let pins = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (table, known, freed, pins) = (&table, &known, &freed, &pins);
            scope.spawn(move || {
                for round in 0..ROUNDS {
                    let number = thread << 32 | round;
                    let handle = table.insert(Twice(number, !number, freed)).unwrap();
                    let (used, expected) = {
                        let mut known = known.lock().unwrap();
                        known.push((handle, number));
                        let nth = usize::try_from(round * 7919 + thread).unwrap() % known.len();
                        // Every third goes; the others stay known, alive or stale.
                        if round % 3 == 0 { known.swap_remove(nth) } else { known[nth] }
                    };
                    match table.pin(used) {
                        Ok(pin) => {
                            assert_eq!((pin.0, pin.1), (expected, !expected));
                            pins.fetch_add(1, Ordering::Relaxed);
                        }
                        Err(GuardError::Stale { .. } | GuardError::Closed { .. }) => {}
                        Err(other) => panic!("{other}"),
                    }
                    if round % 2 == 0 {
                        let _: Result<_, GuardError> = table.dispose(used);
                    }
                }
            });
        }
    });
    assert!(pins.load(Ordering::Relaxed) > THREADS * ROUNDS / 10, "mostly stale handles would test little");
    assert_eq!(freed.load(Ordering::Relaxed) + u64::from(table.len()), THREADS * ROUNDS);
    drop(table);
    assert_eq!(freed.load(Ordering::Relaxed), THREADS * ROUNDS);
}
