//! What a journal promises to its reader, whatever a writer does to the memory.
#![cfg(target_os = "linux")]

use std::fs::{File, OpenOptions};
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;

use deadhand_journal::{Damage, Entry, Journal, JournalError};
use proptest::prelude::*;

/// Bytes before the record area, as the crate's page says.
const HEADER: u64 = 128;

/// The journal's memory as a hostile process sees it: a file to write anything to.
fn memory(journal: &Journal) -> File {
    OpenOptions::new().write(true).open(format!("/proc/self/fd/{}", journal.as_raw_fd())).unwrap()
}

fn three_records() -> (Journal, File) {
    let journal = Journal::create(4096).unwrap();
    for payload in [b"first", b"other", b"third"] {
        journal.append(payload).unwrap();
    }
    let memory = memory(&journal);
    (journal, memory)
}

fn entries(journal: &Journal) -> Vec<Entry> {
    journal.read_from(0).unwrap().collect()
}

fn record(offset: u64, payload: &[u8]) -> Entry {
    Entry::Record { offset, payload: payload.to_vec() }
}

#[test]
fn an_uncommitted_record_is_torn_and_skipped() {
    let (journal, memory) = three_records();
    memory.write_all_at(&[0; 8], HEADER + 24 + 8).unwrap();
    assert_eq!(entries(&journal), [record(0, b"first"), Entry::Torn { offset: 24 }, record(48, b"third")]);
}

#[test]
fn a_record_of_unknown_length_ends_the_reading() {
    let (journal, memory) = three_records();
    memory.write_all_at(&[0; 8], HEADER + 24).unwrap();
    let mut reader = journal.read_from(0).unwrap();
    assert_eq!(reader.by_ref().collect::<Vec<_>>(), [record(0, b"first"), Entry::Torn { offset: 24 }]);
    assert!(reader.is_stuck());
    assert_eq!(reader.cursor(), 24);
}

#[test]
fn a_scribbled_payload_is_corrupt_and_skipped() {
    let (journal, memory) = three_records();
    memory.write_all_at(b"X", HEADER + 24 + 16).unwrap();
    let corrupt = Entry::Corrupt { offset: 24, reason: Damage::Checksum };
    assert_eq!(entries(&journal), [record(0, b"first"), corrupt, record(48, b"third")]);
}

#[test]
fn a_scribbled_length_is_corrupt() {
    for (word, reason) in [(0, Damage::Reservation), (8, Damage::Commit)] {
        let (journal, memory) = three_records();
        memory.write_all_at(&[0xFF; 3], HEADER + 24 + word).unwrap();
        assert_eq!(entries(&journal)[1], Entry::Corrupt { offset: 24, reason });
    }
}

#[test]
fn a_scribbled_header_is_reported_and_repaired_by_reset() {
    let (journal, memory) = three_records();
    memory.write_all_at(&[0xFF; 24], 0).unwrap();
    let found = entries(&journal);
    assert!(matches!(found[0], Entry::Corrupt { offset: 0, reason: Damage::Header(_) }), "{found:?}");
    assert_eq!(found.len(), 4, "the records are still readable");
    assert!(matches!(Journal::attach(journal.as_raw_fd()), Err(JournalError::NotAJournal { .. })));
    journal.reset();
    journal.append(b"again").unwrap();
    assert_eq!(entries(&journal), [record(0, b"again")]);
    Journal::attach(journal.as_raw_fd()).unwrap();
}

#[test]
fn a_tail_beyond_the_capacity_is_corrupt_for_reader_and_writer() {
    let (journal, memory) = three_records();
    memory.write_all_at(&[0xFF; 8], 64).unwrap();
    assert_eq!(entries(&journal), [Entry::Corrupt { offset: 0, reason: Damage::Tail }]);
    assert!(matches!(journal.append(b"x"), Err(JournalError::Corrupt { .. })));
    journal.reset();
    assert_eq!(entries(&journal), []);
}

#[test]
fn another_version_is_named() {
    let (journal, memory) = three_records();
    memory.write_all_at(&[9], 8).unwrap();
    let error = Journal::attach(journal.as_raw_fd()).unwrap_err();
    assert!(matches!(error, JournalError::Version { found: 9, .. }), "{error}");
}

#[test]
fn the_memory_cannot_be_resized() {
    let (_journal, memory) = three_records();
    memory.set_len(0).unwrap_err();
    memory.set_len(1 << 20).unwrap_err();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Never a panic, never an endless loop, and no record that nobody appended.
    #[test]
    fn random_damage_never_panics_and_never_invents(
        records in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..12),
        damage in prop::collection::vec((0_u64..640, prop::collection::vec(any::<u8>(), 1..16)), 1..6),
        cursor in 0_u64..64,
    ) {
        let journal = Journal::create(512).unwrap();
        let appended: Vec<_> = records.into_iter().filter(|record| journal.append(record).is_ok()).collect();
        let memory = memory(&journal);
        for (at, bytes) in damage {
            let room = usize::try_from(640 - at).unwrap();
            memory.write_all_at(&bytes[..bytes.len().min(room)], at).unwrap();
        }
        for start in [0, cursor * 8] {
            let found: Vec<_> = journal.read_from(start).unwrap().collect();
            prop_assert!(found.len() <= 512 / 16 + 1);
            for entry in found {
                if let Entry::Record { payload, .. } = entry {
                    prop_assert!(appended.contains(&payload));
                }
            }
        }
        let _ = (journal.append(b"after the damage"), Journal::attach(journal.as_raw_fd()));
        journal.reset();
        prop_assert_eq!(journal.read_from(0).unwrap().count(), 0);
    }
}
