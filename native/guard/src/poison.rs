//! The bytes that freed memory is overwritten with, different for each handle.
//!
//! The pattern repeats every 16 bytes: a word made from the handle, and a word made from that word. The second makes
//! the first believable: a run of 16 bytes is taken for poison only if its halves fit, which no run of equal bytes
//! does, and of random runs one in 2⁵⁹.

use crate::Handle;

/// Bytes after which the pattern repeats.
pub(crate) const PERIOD: usize = 16;

const ODD: u64 = 0x9E37_79B9_7F4A_7C15;
const INVERSE: u64 = inverse(ODD);
const _: () = assert!(ODD.wrapping_mul(INVERSE) == 1);

/// Of an odd number, modulo 2⁶⁴, by Newton's method: each step doubles the bits that are right, from three.
const fn inverse(odd: u64) -> u64 {
    let mut guess = odd;
    let mut step = 0;
    while step < 5 {
        guess = guess.wrapping_mul(2_u64.wrapping_sub(odd.wrapping_mul(guess)));
        step += 1;
    }
    guess
}

/// One to one, and such that handles which differ in one bit have no long run of bytes in common.
fn mix(bits: u64) -> u64 {
    let product = bits.wrapping_mul(ODD);
    (product ^ product >> 32).wrapping_mul(ODD)
}

fn unmix(word: u64) -> u64 {
    let product = word.wrapping_mul(INVERSE);
    (product ^ product >> 32).wrapping_mul(INVERSE)
}

fn partner(word: u64) -> u64 {
    !mix(word.rotate_left(23))
}

/// One period of the pattern of that handle.
pub(crate) fn pattern(handle: Handle) -> [u8; PERIOD] {
    let word = mix(handle.to_u64());
    let mut pattern = [0; PERIOD];
    pattern[..8].copy_from_slice(&word.to_le_bytes());
    pattern[8..].copy_from_slice(&partner(word).to_le_bytes());
    pattern
}

/// Overwrites the bytes with the pattern of that handle.
///
/// For memory that the crate does not own; blocks that pass through a [`Quarantine`](crate::Quarantine) are
/// overwritten by it. Does so with and without the feature `checked`.
pub fn poison(bytes: &mut [u8], handle: Handle) {
    let pattern = pattern(handle);
    for period in bytes.chunks_mut(PERIOD) {
        period.copy_from_slice(&pattern[..period.len()]);
    }
}

/// The handle whose freed memory the bytes were read from.
///
/// Sixteen bytes in a row are enough, from anywhere in the block, aligned or not, with anything around them. Fewer
/// prove nothing by themselves: ask [`Quarantine::whose`](crate::Quarantine::whose), which knows the candidates.
#[must_use]
pub fn whose(bytes: &[u8]) -> Option<Handle> {
    bytes.windows(PERIOD).find_map(|window| (0..PERIOD).find_map(|start| read(window, start)))
}

fn read(window: &[u8], start: usize) -> Option<Handle> {
    let mut pattern = [0; PERIOD];
    for (at, byte) in pattern.iter_mut().enumerate() {
        *byte = window[(start + at) % PERIOD];
    }
    let (words, _) = pattern.as_chunks();
    let (word, check) = (u64::from_le_bytes(words[0]), u64::from_le_bytes(words[1]));
    if check == partner(word) { Handle::from_u64(unmix(word)).ok() } else { None }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::Owner;
    use crate::handle::{MAX_GENERATION, MAX_TABLE, tag};
    use crate::slots::{MAX_SLOTS, Place};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_sixteen_bytes_of_it_say_whose_they_were(
            table in 1..=MAX_TABLE,
            index in 0..MAX_SLOTS,
            generation in 1..=MAX_GENERATION,
            start in 0..64_usize,
            around in prop::collection::vec(any::<u8>(), 0..20),
        ) {
            let handle = Handle::assemble(tag(table, Owner::Native), Place::of(index), generation);
            let mut memory = [0; 80];
            poison(&mut memory, handle);
            prop_assert_eq!(whose(&memory[start..start + 16]), Some(handle));
            let with_neighbours = [&around, &memory[start..start + 16], &around].concat();
            prop_assert_eq!(whose(&with_neighbours), Some(handle));
        }

        #[test]
        fn random_bytes_belong_to_nobody(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            prop_assert_eq!(whose(&bytes), None);
        }

        #[test]
        fn runs_of_one_byte_belong_to_nobody(byte: u8) {
            prop_assert_eq!(whose(&[byte; 64]), None);
        }
    }

    #[test]
    fn fifteen_bytes_prove_nothing() {
        let handle = Handle::assemble(tag(1, Owner::Native), Place::of(0), 1);
        let mut memory = [0; 15];
        poison(&mut memory, handle);
        assert_eq!(whose(&memory), None);
    }

    #[test]
    fn neighbours_have_no_eight_bytes_in_common() {
        let handle = |index, generation| Handle::assemble(tag(1, Owner::Native), Place::of(index), generation);
        let patterns: Vec<_> = (0..40).map(|n| pattern(handle(n % 8, 1 + n / 8)).repeat(2)).collect();
        let mut seen = std::collections::HashSet::new();
        for pattern in &patterns {
            assert!(pattern.windows(8).take(PERIOD).all(|window| seen.insert(window)));
        }
    }
}
