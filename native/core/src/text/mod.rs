//! Strings both ways: bytes of the host checked as they come in, and text of native behind a handle.
//!
//! A text does not change, so any number of threads may read it. Its memory is poisoned when it ends, and checked when
//! it is read: a write through a stray pointer is an error, never a string that is none.

mod decode;
mod ends;
mod error;
#[cfg(test)]
mod tests;

use std::ffi::CString;
use std::sync::Arc;

use deadhand_guard::{Block, GuardError, Handle, Ledger, Quarantine, SharedTable};

use crate::census::kind;

pub use decode::{lossy, strict, strict_for_c};
pub use error::TextError;

use crate::fenced::fenced;

/// The most bytes a text can have.
pub const MAX_LENGTH: usize = 1 << 28;

/// Freed bytes that are kept for a while.
const QUARANTINE: usize = 1 << 22;

/// All texts of one owner.
#[derive(Debug)]
pub struct Texts {
    table: SharedTable<Block>,
}

impl Texts {
    /// None yet; the ledger, if there is one, counts the kind `text`.
    ///
    /// # Errors
    /// [`GuardError::TooManyTables`].
    pub fn new(ledger: Option<&Arc<Ledger>>) -> Result<Self, GuardError> {
        let quarantine = Arc::new(Quarantine::new(QUARANTINE));
        Ok(Self { table: SharedTable::quarantined(kind("text", ledger), quarantine)? })
    }

    /// Takes a copy of bytes that are to be UTF-8.
    ///
    /// # Errors
    /// As for [`strict`]; [`TextError::TooLong`]; out of memory; no slot left.
    #[track_caller]
    pub fn from_bytes(&self, bytes: &[u8]) -> Result<Handle, TextError> {
        self.keep(strict(bytes)?)
    }

    /// Takes a copy of any bytes, with U+FFFD for what is not UTF-8.
    ///
    /// # Errors
    /// [`TextError::TooLong`]; out of memory; no slot left.
    #[track_caller]
    pub fn from_bytes_lossy(&self, bytes: &[u8]) -> Result<Handle, TextError> {
        self.keep(&lossy(bytes)?)
    }

    /// Takes a copy of a text.
    ///
    /// # Errors
    /// As for [`from_bytes_lossy`](Self::from_bytes_lossy).
    #[track_caller]
    pub fn keep(&self, text: &str) -> Result<Handle, TextError> {
        if text.len() > MAX_LENGTH {
            return Err(TextError::TooLong { length: text.len(), limit: MAX_LENGTH });
        }
        let place = self.table.reserve()?;
        Ok(place.commit(fenced(|| Ok::<_, TextError>(Block::copy_of(text.as_bytes())?))?))
    }

    /// The text, to keep.
    ///
    /// # Errors
    /// What is wrong with the handle; [`TextError::Corrupt`].
    pub fn get(&self, text: Handle) -> Result<String, TextError> {
        self.read(text, |text| Ok(text.to_owned()))
    }

    /// The text with the NUL at its end that C wants.
    ///
    /// # Errors
    /// As for [`get`](Self::get); [`TextError::InteriorNul`].
    pub fn get_for_c(&self, text: Handle) -> Result<CString, TextError> {
        self.read(text, |text| {
            CString::new(text).map_err(|error| TextError::InteriorNul { offset: error.nul_position() })
        })
    }

    /// Fills the host's memory with all of the text, and says how many bytes that were. It never writes a part.
    ///
    /// # Errors
    /// As for [`get`](Self::get); [`TextError::TooSmall`].
    pub fn copy_into(&self, text: Handle, into: &mut [u8]) -> Result<usize, TextError> {
        self.show(text, into.len(), |bytes| {
            into[..bytes.len()].copy_from_slice(bytes);
            bytes.len()
        })
    }

    /// Shows all bytes of the text, if there is room for them, for a host whose memory Rust cannot borrow.
    ///
    /// # Errors
    /// As for [`copy_into`](Self::copy_into); a panic of `look`, which fences off the text. Nothing is shown otherwise.
    pub fn show<R>(&self, text: Handle, room: usize, look: impl FnOnce(&[u8]) -> R) -> Result<R, TextError> {
        self.read(text, |text| {
            let needed = text.len();
            if needed > room { Err(TextError::TooSmall { needed, room }) } else { Ok(look(text.as_bytes())) }
        })
    }

    /// A part of the text, as a text of its own that needs the first one no more.
    ///
    /// # Errors
    /// As for [`get`](Self::get) and [`keep`](Self::keep); [`TextError::BadCut`].
    #[track_caller]
    pub fn cut(&self, text: Handle, start: usize, end: usize) -> Result<Handle, TextError> {
        let part = self.read(text, |text| {
            text.get(start..end).map(ToOwned::to_owned).ok_or_else(|| {
                let there = start <= end && end <= text.len();
                let inside = [start, end].into_iter().find(|at| there && !text.is_char_boundary(*at));
                TextError::BadCut { start, end, length: text.len(), inside }
            })
        })?;
        self.keep(&part)
    }

    /// One text after the other, as a new one.
    ///
    /// # Errors
    /// As for [`get`](Self::get), for either; as for [`keep`](Self::keep).
    #[track_caller]
    pub fn join(&self, first: Handle, second: Handle) -> Result<Handle, TextError> {
        let mut both = self.get(first)?;
        self.read(second, |second| {
            both.push_str(second);
            Ok(())
        })?;
        self.keep(&both)
    }

    /// How many bytes the text has, without a NUL.
    ///
    /// # Errors
    /// What is wrong with the handle.
    pub fn length(&self, text: Handle) -> Result<usize, TextError> {
        Ok(self.table.call(text, |block| block.len())?)
    }

    /// How many characters the text has: code points, as for Python's `len`.
    ///
    /// # Errors
    /// As for [`get`](Self::get).
    pub fn characters(&self, text: Handle) -> Result<usize, TextError> {
        self.read(text, |text| Ok(text.chars().count()))
    }

    /// Disposes of the text. Calls that are reading it on other threads end well.
    ///
    /// # Errors
    /// What is wrong with the handle.
    pub fn dispose(&self, text: Handle) -> Result<(), TextError> {
        self.table.dispose(text)?;
        Ok(())
    }

    fn read<R>(&self, text: Handle, read: impl FnOnce(&str) -> Result<R, TextError>) -> Result<R, TextError> {
        self.table.call(text, |block| {
            #[cfg(test)]
            crate::planted::here("text.read");
            let text =
                std::str::from_utf8(block).map_err(|error| TextError::Corrupt { offset: error.valid_up_to() })?;
            read(text)
        })?
    }
}
