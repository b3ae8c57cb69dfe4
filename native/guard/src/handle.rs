//! The number that the other runtime holds instead of a pointer.

use std::fmt;
use std::num::NonZeroU64;

use crate::GuardError;
use crate::slots::Place;

/// Bits that say where the slot is.
pub(crate) const INDEX_BITS: u32 = 24;
const GENERATION_BITS: u32 = 20;
const TABLE_BITS: u32 = 19;

const OWNER_SHIFT: u32 = INDEX_BITS;
const TABLE_SHIFT: u32 = OWNER_SHIFT + 1;
/// Where the generation is: at the same place as in the word of a slot, so that a check needs no shift.
pub(crate) const GENERATION_SHIFT: u32 = TABLE_SHIFT + TABLE_BITS;
const _: () = assert!(GENERATION_SHIFT + GENERATION_BITS == u64::BITS);

/// The last generation of a slot; the slot is retired after it, at the one number that is left.
pub(crate) const MAX_GENERATION: u32 = (1 << GENERATION_BITS) - 2;
/// The last table that can be made in a process.
pub(crate) const MAX_TABLE: u32 = (1 << TABLE_BITS) - 1;
/// More than the bits of any place.
#[cfg(test)]
pub(crate) const INDEX_LIMIT: u32 = 1 << INDEX_BITS;
/// The bits that every handle of a table has in common.
const TAG_MASK: u64 = (1 << GENERATION_SHIFT) - (1 << OWNER_SHIFT);

/// Which runtime owns the object behind a handle, and so is the one to free it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Owner {
    /// The native side: Rust, C, C++.
    Native,
    /// The side that calls into native code: Python, the JVM, .NET.
    Host,
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Native => "native",
            Self::Host => "host",
        })
    }
}

/// A generational reference to one object of one table.
///
/// ```text
/// bits 0..24   place of the slot: chunk << 19 | offset in the chunk
/// bit 24       owner: 0 native, 1 host
/// bits 25..44  table, from 1
/// bits 44..64  generation of the slot, from 1
/// ```
///
/// As generations and tables count from one, zero is never a handle, and neither is any number below 2⁴⁴. A handle can be forged; it then leads to an error or to a live object of the same table,
/// never to freed memory.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Handle(NonZeroU64);

impl Handle {
    /// The handle that [`to_u64`](Self::to_u64) gave away.
    ///
    /// # Errors
    /// [`GuardError::NotAHandle`] when no table can ever have given out that number.
    pub const fn from_u64(bits: u64) -> Result<Self, GuardError> {
        match NonZeroU64::new(bits) {
            Some(number) if Self(number).table() > 0 && Self(number).generation() > 0 => Ok(Self(number)),
            _ => Err(GuardError::NotAHandle { bits }),
        }
    }

    /// The number to give to the other runtime.
    #[must_use]
    pub const fn to_u64(self) -> u64 {
        self.0.get()
    }

    /// Who owns the object.
    #[must_use]
    pub const fn owner(self) -> Owner {
        owner_of(self.0.get())
    }

    /// Which slot of the table, counted from 0.
    #[must_use]
    pub const fn index(self) -> u32 {
        self.place().index()
    }

    /// Which of the slot's successive objects.
    #[must_use]
    pub const fn generation(self) -> u32 {
        self.field(GENERATION_SHIFT, GENERATION_BITS)
    }

    /// Which table of this process.
    #[must_use]
    pub const fn table(self) -> u32 {
        self.field(TABLE_SHIFT, TABLE_BITS)
    }

    /// Where that slot is.
    #[inline]
    pub(crate) const fn place(self) -> Place {
        Place::from_bits(self.field(0, INDEX_BITS))
    }

    /// The handle with these parts; the tag brings table and owner.
    pub(crate) fn assemble(tag: u64, place: Place, generation: u32) -> Self {
        debug_assert!((1..=MAX_GENERATION).contains(&generation));
        let bits = tag | u64::from(place.bits()) | u64::from(generation) << GENERATION_SHIFT;
        Self(NonZeroU64::new(bits).unwrap_or(NonZeroU64::MIN))
    }

    /// The generation where it is, and no other bit if the handle has that tag.
    #[inline]
    pub(crate) const fn without_index(self, tag: u64) -> u64 {
        (self.0.get() ^ tag) & !((1 << INDEX_BITS) - 1)
    }

    /// Whether the handle has that table and owner.
    #[inline]
    pub(crate) const fn has_tag(self, tag: u64) -> bool {
        self.0.get() & TAG_MASK == tag
    }

    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "the mask leaves fewer than 32 bits")]
    const fn field(self, shift: u32, bits: u32) -> u32 {
        (self.0.get() >> shift & ((1 << bits) - 1)) as u32
    }
}

/// The part of a handle that is the same for a whole table.
pub(crate) fn tag(table: u32, owner: Owner) -> u64 {
    u64::from(table) << TABLE_SHIFT | u64::from(owner == Owner::Host) << OWNER_SHIFT
}

/// The table in a tag.
#[expect(clippy::cast_possible_truncation, reason = "the mask leaves 19 bits")]
pub(crate) const fn table_of(tag: u64) -> u32 {
    (tag >> TABLE_SHIFT) as u32 & MAX_TABLE
}

/// The owner in a tag.
pub(crate) const fn owner_of(tag: u64) -> Owner {
    if tag >> OWNER_SHIFT & 1 == 0 { Owner::Native } else { Owner::Host }
}

impl TryFrom<u64> for Handle {
    type Error = GuardError;

    fn try_from(bits: u64) -> Result<Self, GuardError> {
        Self::from_u64(bits)
    }
}

impl From<Handle> for u64 {
    fn from(handle: Handle) -> Self {
        handle.to_u64()
    }
}

/// `3v7@2`: slot 3, generation 7, table 2.
impl fmt::Display for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}v{}@{}", self.index(), self.generation(), self.table())
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::slots::MAX_SLOTS;
    use proptest::prelude::*;

    #[test]
    fn zero_and_small_numbers_are_no_handles() {
        for bits in [0, 1, 2, 4096, u32::MAX.into(), 1 << GENERATION_SHIFT, 1 << TABLE_SHIFT] {
            assert_eq!(Handle::from_u64(bits), Err(GuardError::NotAHandle { bits }));
        }
    }

    #[test]
    fn an_option_of_a_handle_is_as_small_as_the_number() {
        assert_eq!(size_of::<Option<Handle>>(), size_of::<u64>());
    }

    #[test]
    fn is_shown_in_short() {
        assert_eq!(format!("{:?}", Handle::assemble(tag(2, Owner::Host), Place::of(3), 7)), "3v7@2");
    }

    proptest! {
        #[test]
        fn every_part_comes_back(
            table in 1..=MAX_TABLE,
            index in 0..MAX_SLOTS,
            generation in 1..=MAX_GENERATION,
            host: bool,
        ) {
            let owner = if host { Owner::Host } else { Owner::Native };
            let handle = Handle::assemble(tag(table, owner), Place::of(index), generation);
            prop_assert_eq!(
                (handle.table(), handle.index(), handle.generation(), handle.owner()),
                (table, index, generation, owner)
            );
            prop_assert!(handle.has_tag(tag(table, owner)));
            prop_assert_eq!(Handle::from_u64(handle.to_u64()), Ok(handle));
        }

        #[test]
        fn another_table_or_owner_is_another_tag(table in 1..=MAX_TABLE, other in 1..=MAX_TABLE, host: bool) {
            let owner = if host { Owner::Host } else { Owner::Native };
            let flipped = if host { Owner::Native } else { Owner::Host };
            let handle = Handle::assemble(tag(table, owner), Place::from_bits(INDEX_LIMIT - 1), MAX_GENERATION);
            prop_assert_eq!(handle.has_tag(tag(other, owner)), table == other);
            prop_assert!(!handle.has_tag(tag(table, flipped)));
        }
    }
}
