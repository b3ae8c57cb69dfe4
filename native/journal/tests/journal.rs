//! What a journal promises to its writers: order, room, epochs, and other people's threads.
#![cfg(target_os = "linux")]

use std::os::fd::AsRawFd;

use deadhand_journal::{Damage, Entry, Journal, JournalError, MAX_CAPACITY};
use proptest::prelude::*;

fn payloads(journal: &Journal) -> Vec<Vec<u8>> {
    journal
        .read_from(0)
        .unwrap()
        .map(|entry| match entry {
            Entry::Record { payload, .. } => payload,
            other => panic!("not a record: {other:?}"),
        })
        .collect()
}

#[test]
fn a_new_journal_is_empty() {
    let journal = Journal::create(1001).unwrap();
    assert_eq!((journal.used(), journal.capacity(), journal.epoch()), (0, 1008, 1));
    assert!(payloads(&journal).is_empty());
}

#[test]
fn a_full_journal_takes_nothing_torn_but_still_a_smaller_record() {
    let journal = Journal::create(64).unwrap();
    journal.append(&[1; 16]).unwrap();
    let error = journal.append(&[2; 17]).unwrap_err();
    assert!(matches!(error, JournalError::Full { needed: 40, remaining: 32 }), "{error}");
    journal.append(&[3; 16]).unwrap();
    assert!(matches!(journal.append(b""), Err(JournalError::Full { needed: 16, remaining: 0 })));
    assert_eq!(payloads(&journal), [[1; 16], [3; 16]]);
}

#[test]
fn a_reader_goes_on_where_the_last_one_ended() {
    let journal = Journal::create(4096).unwrap();
    journal.append(b"one").unwrap();
    let mut reader = journal.read_from(0).unwrap();
    assert_eq!(reader.by_ref().count(), 1);
    let offset = journal.append(b"two").unwrap();
    assert_eq!(reader.cursor(), offset);
    let entry = journal.read_from(offset).unwrap().next();
    assert_eq!(entry, Some(Entry::Record { offset, payload: b"two".to_vec() }));
}

#[test]
fn reset_begins_an_empty_epoch() {
    let journal = Journal::create(4096).unwrap();
    journal.append(b"before").unwrap();
    let cursor = journal.used();
    journal.reset();
    assert_eq!((journal.used(), journal.epoch()), (0, 2));
    assert!(payloads(&journal).is_empty());
    let entry = journal.read_from(cursor).unwrap().next();
    assert_eq!(entry, Some(Entry::Corrupt { offset: cursor, reason: Damage::Cursor }));
    journal.append(b"after").unwrap();
    assert_eq!(payloads(&journal), [b"after"]);
}

#[test]
fn attaching_sees_the_same_records() {
    let journal = Journal::create(4096).unwrap();
    let other = Journal::attach(journal.as_raw_fd()).unwrap();
    other.append(b"from the other").unwrap();
    assert_eq!(payloads(&journal), [b"from the other"]);
    assert_ne!(journal.as_raw_fd(), other.as_raw_fd());
}

#[test]
fn attaching_to_anything_else_says_what_it_is() {
    for (fd, expected) in [(-1, "never negative"), (i32::MAX, "not open"), (0, "not sealed shared memory")] {
        let message = Journal::attach(fd).unwrap_err().to_string();
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn bad_sizes_and_cursors_are_refused() {
    for asked in [0, 15, MAX_CAPACITY + 1, u64::MAX] {
        assert!(matches!(Journal::create(asked), Err(JournalError::Capacity { .. })));
    }
    let journal = Journal::create(64).unwrap();
    for cursor in [1, 7, 72, u64::MAX] {
        assert!(matches!(journal.read_from(cursor), Err(JournalError::Cursor { .. })));
    }
}

#[test]
fn threads_append_without_losing_a_record() {
    let journal = Journal::create(1 << 20).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..8_u8 {
            let journal = &journal;
            scope.spawn(move || {
                for count in 0..1000_u16 {
                    journal.append(&[&[thread][..], &count.to_le_bytes()].concat()).unwrap();
                }
            });
        }
    });
    let mut seen = [0_u16; 8];
    for payload in payloads(&journal) {
        let [thread, low, high] = payload[..] else { panic!("{payload:?}") };
        assert_eq!(u16::from_le_bytes([low, high]), seen[usize::from(thread)], "each thread's records in its order");
        seen[usize::from(thread)] += 1;
    }
    assert_eq!(seen, [1000; 8]);
}

proptest! {
    #[test]
    fn what_is_appended_is_read(records in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..100), 0..50)) {
        let journal = Journal::create(16 * 1024).unwrap();
        for record in &records {
            journal.append(record).unwrap();
        }
        prop_assert_eq!(payloads(&journal), records);
    }
}
