//! The process-wide panic hook. In a file of its own, as a test of it cannot share its process.
#![cfg(not(loom))]

use std::panic;
use std::sync::atomic::{AtomicU32, Ordering};

use deadhand_guard::fence;

static CALLS: AtomicU32 = AtomicU32::new(0);

#[test]
fn the_earlier_hook_hears_of_panics_outside_of_fences_and_of_no_others() {
    let usual = panic::take_hook();
    panic::set_hook(Box::new(|_| {
        CALLS.fetch_add(1, Ordering::Relaxed);
    }));
    for _ in 0..3 {
        fence(|| panic!("inside")).map(|()| 0).unwrap_err();
    }
    let inside = CALLS.load(Ordering::Relaxed);
    panic::catch_unwind(|| panic!("outside")).map(|()| 0).unwrap_err();
    std::thread::spawn(|| panic!("outside, elsewhere")).join().map(|()| 0).unwrap_err();
    let outside = CALLS.load(Ordering::Relaxed);
    // An assertion that fails is to be seen.
    panic::set_hook(usual);
    assert_eq!((inside, outside), (0, 2));
}
