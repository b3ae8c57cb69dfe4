use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use deadhand_guard::{CallError, GuardError, Handle, Ledger, build_info, whose};

use super::contents::Part;
use super::*;
use crate::planted;

struct World {
    ledger: Arc<Ledger>,
    buffers: Buffers,
}

impl World {
    fn new() -> Self {
        let ledger = Arc::new(Ledger::anonymous().unwrap());
        let buffers = Buffers::new(Some(&ledger)).unwrap();
        Self { ledger, buffers }
    }

    fn end(self) {
        assert_eq!(self.ledger.settle(), Ok(()));
    }
}

fn guard<T: std::fmt::Debug>(result: Result<T, BufferError>) -> GuardError {
    match result.unwrap_err() {
        BufferError::Call(CallError::Guard(error)) => error,
        error => panic!("{error}"),
    }
}

#[test]
fn bytes_go_both_ways() {
    let world = World::new();
    let all = &world.buffers;
    let buffer = all.copy_of(b"hello world").unwrap();
    let mut host = *b"......";
    all.read(buffer, 6, &mut host[..5]).unwrap();
    assert_eq!(&host, b"world.");
    all.write(buffer, 0, b"HELLO").unwrap();
    assert_eq!((all.to_vec(buffer).unwrap(), all.length(buffer).unwrap()), (b"HELLO world".to_vec(), 11));
    let refused = all.read(buffer, 6, &mut host).unwrap_err();
    assert!(matches!(refused, BufferError::OutOfRange { offset: 6, length: 6, available: 11 }));
    assert_eq!(refused.to_string(), "bytes 6..12 are outside of the 11 bytes there are: ask for less");
    assert!(matches!(all.write(buffer, usize::MAX, b"x"), Err(BufferError::OutOfRange { .. })));
    assert_eq!(&host, b"world.", "unchanged");
    assert!(matches!(all.allocate(MAX_LENGTH + 1), Err(BufferError::TooLong { .. })));
    all.dispose(buffer).unwrap();
    assert!(matches!(guard(all.dispose(buffer)), GuardError::Stale { .. }));
    world.end();
}

#[test]
fn a_slice_ends_by_revoke_by_resize_and_with_its_buffer() {
    let world = World::new();
    let all = &world.buffers;
    let buffer = all.copy_of(b"0123456789").unwrap();
    let (first, second) = (all.slice(buffer, 2, 3).unwrap(), all.slice(buffer, 5, 5).unwrap());
    let mut host = [0; 3];
    all.read_slice(first, 0, &mut host).unwrap();
    assert_eq!((&host, all.slice_length(second).unwrap()), (b"234", 5));
    all.write_slice(second, 4, b"X").unwrap();
    assert!(matches!(all.write_slice(second, 4, b"XY"), Err(BufferError::OutOfRange { available: 5, .. })));
    assert_eq!(all.to_vec(buffer).unwrap(), b"012345678X");
    assert!(matches!(all.slice(buffer, 8, 3), Err(BufferError::OutOfRange { .. })));

    all.revoke(first).unwrap();
    all.revoke(first).unwrap();
    assert!(matches!(all.read_slice(first, 0, &mut host), Err(BufferError::Revoked { slice }) if slice == first));
    assert!(matches!(all.slice_length(first), Err(BufferError::Revoked { .. })));
    let mut long = [0; 9];
    assert!(matches!(all.read_slice(first, 0, &mut long), Err(BufferError::Revoked { .. })), "before its range");
    assert!(matches!(all.write_slice(first, 9, b"!"), Err(BufferError::Revoked { .. })), "before its range");
    assert_eq!(all.slice_length(second).unwrap(), 5);

    assert_eq!(all.resize(buffer, 20).unwrap(), 2);
    let outdated = all.write_slice(second, 0, b"!").unwrap_err();
    assert!(matches!(outdated, BufferError::Outdated { of: 1, now: 2, .. }), "{outdated}");
    let third = all.slice(buffer, 8, 4).unwrap();
    let mut four = [9; 4];
    all.read_slice(third, 0, &mut four).unwrap();
    assert_eq!(&four, b"8X\0\0");

    all.dispose(buffer).unwrap();
    let gone = all.read_slice(third, 0, &mut four).unwrap_err();
    assert!(matches!(gone, BufferError::BufferGone { reason: GuardError::Stale { .. }, .. }), "{gone}");
    all.revoke(third).unwrap();
    assert!(matches!(all.read_slice(third, 0, &mut four), Err(BufferError::Revoked { .. })));
    assert_eq!(&four, b"8X\0\0", "unchanged");
    for slice in [first, second, third] {
        all.dispose_slice(slice).unwrap();
    }
    world.end();
}

#[test]
fn while_a_span_is_out_the_buffer_stays() {
    let world = World::new();
    let all = &world.buffers;
    let buffer = all.copy_of(b"0123456789").unwrap();
    let (span, again) = (all.span(buffer, 2, 4).unwrap(), all.span(buffer, 10, 0).unwrap());
    assert!(matches!(all.span(buffer, 10, 1), Err(BufferError::OutOfRange { .. })), "and it left no pin behind");
    assert!(matches!(guard(all.dispose(buffer)), GuardError::InUse { uses: 2, .. }));
    assert!(matches!(all.resize(buffer, 1), Err(BufferError::SpansOut { spans: 2, .. })));
    let address = all.span_address(span).unwrap();
    assert_eq!(address.length, 4);
    let whole = all.span(buffer, 0, 10).unwrap();
    assert_eq!(all.span_address(whole).unwrap().start + 2, address.start);
    all.release(whole).unwrap();
    all.write_span(span, 1, b"ab").unwrap();
    let mut host = [0; 4];
    all.read_span(span, 0, &mut host).unwrap();
    assert_eq!(&host, b"2ab5");
    assert!(matches!(all.read_span(span, 1, &mut host), Err(BufferError::OutOfRange { available: 4, .. })));
    all.release(again).unwrap();
    all.release(span).unwrap();
    assert!(matches!(guard(all.release(span)), GuardError::Stale { .. }), "released twice");
    assert!(matches!(guard(all.span_address(span)), GuardError::Stale { .. }));
    all.resize(buffer, 3).unwrap();
    all.dispose(buffer).unwrap();
    world.end();
}

#[test]
fn rented_memory_comes_back_under_a_new_handle_and_the_old_one_stays_dead() {
    let world = World::new();
    let all = &world.buffers;
    let pool = all.pool(1).unwrap();
    let first = all.rent(pool, 100).unwrap();
    all.write(first, 0, b"secret").unwrap();
    let start = |buffer: Handle| {
        let span = all.span(buffer, 0, 1).unwrap();
        let start = all.span_address(span).unwrap().start;
        all.release(span).unwrap();
        start
    };
    let place = start(first);
    all.dispose(first).unwrap();
    let second = all.rent(pool, 120).unwrap();
    assert_eq!(start(second), place, "the same memory");
    assert_ne!(first, second);
    assert_eq!(all.to_vec(second).unwrap(), [0; 120], "and nothing of the first life");
    assert!(matches!(guard(all.read(first, 0, &mut [0])), GuardError::Stale { .. }));
    assert!(matches!(guard(all.dispose(first)), GuardError::Stale { .. }));
    let third = all.rent(pool, 5).unwrap();
    all.dispose(second).unwrap();
    all.dispose(third).unwrap();
    let report = all.pool_report(pool).unwrap();
    assert_eq!((report.rented, report.resurrected, report.resting, report.dirty.len()), (3, 1, 1, 0));
    let last = all.rent(pool, 128).unwrap();
    all.dispose_pool(pool).unwrap();
    assert!(matches!(guard(all.rent(pool, 1)), GuardError::Stale { .. }));
    all.write(last, 127, b"!").unwrap();
    all.dispose(last).unwrap();
    world.end();
}

#[test]
fn a_write_between_two_lives_is_found() {
    let quarantine = Arc::new(Quarantine::new(0));
    let shelf = shelf::Shelf::new(2, quarantine);
    let handle = Handle::from_u64(1 << 44 | 1 << 25).unwrap();
    shelf.put(handle, None, Block::zeroed(32).unwrap());
    assert_eq!(&*shelf.take(32).unwrap(), [0; 32]);
    assert_eq!(shelf.report().dirty, []);
    let mut block = Block::zeroed(32).unwrap();
    deadhand_guard::poison(&mut block, handle);
    block[31] ^= 1;
    shelf.put_as_it_is(handle, block);
    assert_eq!(&*shelf.take(32).unwrap(), [0; 32]);
    assert_eq!(shelf.report().dirty, [handle]);
}

#[test]
fn freed_bytes_say_whose_they_were() {
    let world = World::new();
    let all = &world.buffers;
    let buffer = all.copy_of(&[7; 64]).unwrap();
    all.dispose(buffer).unwrap();
    let mut bytes = [0; 32];
    deadhand_guard::poison(&mut bytes, buffer);
    assert_eq!((all.whose(&bytes), whose(&bytes)), (Some(buffer), Some(buffer)));
    assert_eq!(all.quarantine.len(), usize::from(build_info().checked));
    assert_eq!(all.writes_after_free(), []);
    world.end();
}

#[test]
fn a_panic_strikes_one_buffer_and_no_other() {
    let world = World::new();
    let all = &world.buffers;
    let (struck, other) = (all.copy_of(b"struck").unwrap(), all.copy_of(b"other").unwrap());
    let (slice, span) = (all.slice(struck, 0, 3).unwrap(), all.span(struck, 0, 3).unwrap());
    planted::arm("buffer.write");
    let error = all.write_slice(slice, 0, b"x").unwrap_err();
    assert!(
        matches!(&error, BufferError::Call(CallError::Panicked(panicked)) if panicked.message().contains("planted"))
    );
    assert!(!planted::waiting());
    assert!(matches!(guard(all.to_vec(struck)), GuardError::Fenced { .. }));
    let mut host = [0; 3];
    let through = all.read_slice(slice, 0, &mut host).unwrap_err();
    assert!(matches!(through, BufferError::BufferGone { reason: GuardError::Fenced { .. }, .. }), "{through}");
    assert!(matches!(guard(all.read_span(span, 0, &mut host)), GuardError::Fenced { .. }));
    assert!(matches!(guard(all.span_address(span)), GuardError::Fenced { .. }));
    assert_eq!(all.to_vec(other).unwrap(), b"other");
    planted::arm("buffer.read");
    assert!(matches!(all.read(other, 0, &mut host), Err(BufferError::Call(CallError::Panicked(_)))));
    assert_eq!(host, [0; 3]);
    all.release(span).unwrap();
    all.dispose_slice(slice).unwrap();
    all.dispose(struck).unwrap();
    all.dispose(other).unwrap();
    let pool = all.pool(1).unwrap();
    planted::arm("pool.rent");
    assert!(matches!(all.rent(pool, 1), Err(BufferError::Call(CallError::Panicked(_)))));
    assert!(matches!(guard(all.rent(pool, 1)), GuardError::Fenced { .. }));
    all.dispose_pool(pool).unwrap();
    world.end();
}

#[test]
fn after_a_revoke_has_returned_nobody_reads() {
    let world = World::new();
    let all = &world.buffers;
    let buffer = all.allocate(4096).unwrap();
    for _ in 0..50 {
        let slice = all.slice(buffer, 0, 4096).unwrap();
        let revoked = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let mut host = vec![0; 4096];
                loop {
                    let before = revoked.load(Ordering::SeqCst);
                    match all.read_slice(slice, 0, &mut host) {
                        Ok(()) => assert!(!before, "read after the revoke"),
                        Err(BufferError::Revoked { .. }) => break,
                        Err(error) => panic!("{error}"),
                    }
                }
            });
            all.revoke(slice).unwrap();
            revoked.store(true, Ordering::SeqCst);
        });
        all.dispose_slice(slice).unwrap();
    }
    all.dispose(buffer).unwrap();
    world.end();
}

#[test]
fn a_revoke_waits_for_the_read_that_is_under_way() {
    let world = World::new();
    let all = &world.buffers;
    let buffer = all.allocate(8).unwrap();
    let slice = all.slice(buffer, 0, 8).unwrap();
    let early = std::thread::scope(|scope| {
        let mut revoking = None;
        // The question is asked in the middle of the read.
        let read = |contents: &Buffer| {
            let asked = |_, _| {
                let started = Arc::new(AtomicBool::new(false));
                let flag = Arc::clone(&started);
                let thread = scope.spawn(move || {
                    flag.store(true, Ordering::SeqCst);
                    all.revoke(slice).unwrap();
                });
                while !started.load(Ordering::SeqCst) {
                    std::thread::yield_now();
                }
                std::thread::sleep(std::time::Duration::from_millis(50));
                revoking = Some(thread.is_finished());
                Ok(Part { offset: 0, length: 1 })
            };
            contents.look(asked, |_| ())
        };
        all.blocks.call(buffer, read).unwrap().unwrap();
        revoking
    });
    assert_eq!(early, Some(false));
    assert!(matches!(all.slice_length(slice), Err(BufferError::Revoked { .. })));
    all.dispose_slice(slice).unwrap();
    all.dispose(buffer).unwrap();
    world.end();
}

#[test]
fn what_was_resized_does_not_block_its_pool() {
    let world = World::new();
    let all = &world.buffers;
    let pool = all.pool(1).unwrap();
    let first = all.rent(pool, 16).unwrap();
    all.resize(first, 100).unwrap();
    all.dispose(first).unwrap();
    assert_eq!(all.pool_report(pool).unwrap().resting, 0, "nobody would ever rent 100 exactly");
    let second = all.rent(pool, 16).unwrap();
    all.resize(second, 32).unwrap();
    all.dispose(second).unwrap();
    assert_eq!(all.pool_report(pool).unwrap().resting, 1);
    let third = all.rent(pool, 30).unwrap();
    assert_eq!((all.to_vec(third).unwrap(), all.pool_report(pool).unwrap().resurrected), (vec![0; 30], 1));
    all.dispose(third).unwrap();
    all.dispose_pool(pool).unwrap();
    world.end();
}

#[test]
fn what_is_left_goes_with_its_owner() {
    let world = World::new();
    let buffer = world.buffers.allocate(1).unwrap();
    world.buffers.span(buffer, 0, 1).unwrap();
    world.buffers.slice(buffer, 0, 1).unwrap();
    world.buffers.pool(3).unwrap();
    assert_eq!(world.ledger.alive(), 4);
    drop(world.buffers);
    assert_eq!(world.ledger.settle(), Ok(()));
}
