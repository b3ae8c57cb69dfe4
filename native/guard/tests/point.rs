//! The scheduler's hook. In a file of its own, as it is process-wide.
#![cfg(not(loom))]

use std::sync::Mutex;

use deadhand_guard::{Config, Point, SharedTable, set_point};

static SEEN: Mutex<Vec<(Point, u64)>> = Mutex::new(Vec::new());

extern "C" fn note(point: Point, handle: u64) {
    SEEN.lock().unwrap().push((point, handle));
}

#[test]
fn the_hook_is_called_before_acquire_at_free_and_after_release_while_it_is_set() {
    let table = SharedTable::new(Config::new("number")).unwrap();
    let handle = table.insert(1).unwrap();
    drop(table.pin(handle).unwrap());
    set_point(Some(note));
    let pin = table.pin(handle).unwrap();
    table.dispose(handle).unwrap();
    drop(pin);
    table.pin(handle).map(drop).unwrap_err();
    set_point(None);
    table.pin(handle).map(drop).unwrap_err();
    let expected = [Point::BeforeAcquire, Point::BeforeAcquire, Point::Free, Point::AfterRelease, Point::BeforeAcquire];
    assert_eq!(*SEEN.lock().unwrap(), expected.map(|point| (point, handle.to_u64())));
}
