//! The words of a journal: where they are and how they are packed. Pure arithmetic; the picture is in the crate's docs.

/// Version of the layout. A reader refuses any other.
pub const FORMAT_VERSION: u8 = 1;
/// Bytes that each record takes in addition to its payload, padding not counted.
pub const RECORD_OVERHEAD: u64 = RECORD_WORDS as u64 * WORD;
/// Longest payload, in bytes.
pub const MAX_PAYLOAD: u32 = FLAG - 1;
/// Largest capacity, in bytes.
pub const MAX_CAPACITY: u64 = u32::MAX as u64 * WORD;

/// Bytes in a word.
pub(crate) const WORD: u64 = 8;
/// Words before the record area.
pub(crate) const HEADER_WORDS: usize = 16;
/// Words of a record before its payload.
pub(crate) const RECORD_WORDS: u32 = 2;

pub(crate) const MAGIC: u64 = u64::from_ne_bytes(*b"DEADHAND");
pub(crate) const MAGIC_AT: usize = 0;
pub(crate) const VERSION_AT: usize = 1;
pub(crate) const CAPACITY_AT: usize = 2;
pub(crate) const STATE_AT: usize = 8;

/// Bit 31 of a record's words tells a written word from untouched memory.
const FLAG: u32 = 1 << 31;

/// The version word: the version byte comes first in memory.
pub(crate) const fn version_word(version: u8) -> u64 {
    u64::from_ne_bytes([version, 0, 0, 0, 0, 0, 0, 0])
}

/// Epoch and tail, which change together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct State {
    /// Counts resets, from 1.
    pub(crate) epoch: u32,
    /// Words reserved in the record area.
    pub(crate) tail: u32,
}

impl State {
    pub(crate) const fn from_word(word: u64) -> Self {
        let (epoch, tail) = split(word);
        Self { epoch, tail }
    }

    pub(crate) const fn to_word(self) -> u64 {
        join(self.epoch, self.tail)
    }
}

/// Words that a record with a payload of `length` bytes takes.
pub(crate) const fn record_words(length: u32) -> u32 {
    RECORD_WORDS + length.div_ceil(8)
}

/// What a reservation at this place must look like: ties a record to its epoch, its position and its length.
pub(crate) const fn key(epoch: u32, position: u32, length: u32) -> u32 {
    // The finalizer of SplitMix64: every input bit reaches every output bit.
    let mut mixed = join(epoch, position) ^ (length as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    split(mixed ^ (mixed >> 31)).1
}

/// A reservation or commit word.
pub(crate) const fn seal(check: u32, length: u32) -> u64 {
    join(check, FLAG | length)
}

/// Check and length of a reservation or commit word; `None` if it is none.
pub(crate) const fn unseal(word: u64) -> Option<(u32, u32)> {
    let (check, length) = split(word);
    if length & FLAG == 0 {
        return None;
    }
    Some((check, length & !FLAG))
}

/// CRC-32 of the payload, seeded with the key of its reservation.
pub(crate) fn checksum(key: u32, payload: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new_with_initial(key);
    hasher.update(payload);
    hasher.finalize()
}

const fn join(high: u32, low: u32) -> u64 {
    (high as u64) << 32 | low as u64
}

#[expect(clippy::cast_possible_truncation, reason = "taking the two halves is the purpose")]
const fn split(word: u64) -> (u32, u32) {
    ((word >> 32) as u32, word as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn state_survives_packing() {
        let state = State { epoch: 7, tail: u32::MAX };
        assert_eq!(State::from_word(state.to_word()), state);
    }

    #[test]
    fn untouched_memory_is_no_seal() {
        assert_eq!(unseal(0), None);
        assert_eq!(unseal(seal(0, 0)), Some((0, 0)));
        assert_eq!(unseal(seal(u32::MAX, MAX_PAYLOAD)), Some((u32::MAX, MAX_PAYLOAD)));
    }

    #[test]
    fn key_tells_epoch_position_and_length_apart() {
        let base = key(1, 2, 3);
        assert!(base != key(2, 2, 3) && base != key(1, 3, 3) && base != key(1, 2, 4));
    }
}
