//! What can go wrong with a string on its way across the border.

use deadhand_guard::{CallError, GuardError};

/// Why bytes are no text, or a call on a text gave no answer. All offsets and lengths are in bytes.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TextError {
    /// The handle was refused, or the call panicked.
    #[error(transparent)]
    Call(#[from] CallError),
    /// A byte that is nowhere in UTF-8, or not there.
    #[error("byte {byte:#04x} at offset {offset} is not UTF-8: decode the text first, or read it lossily")]
    NotUtf8 {
        /// Of the first byte that does not fit.
        offset: usize,
        /// The byte.
        byte: u8,
    },
    /// The last character is not complete.
    #[error("the text ends inside the character that starts at offset {offset}: pass all {length} bytes of it")]
    Truncated {
        /// Where the character starts.
        offset: usize,
        /// How many bytes it has.
        length: usize,
    },
    /// Half of a UTF-16 pair, which is no character. Python has them in strings that stand for undecodable bytes.
    #[error(
        "the character U+{code_point:04X} at offset {offset} is a surrogate{}: {}",
        .escaped.map(|byte| format!(" that stands for the byte {byte:#04x}")).unwrap_or_default(),
        if .escaped.is_some() { "pass os.fsencode(text) as bytes" } else { "join it with its other half, or replace it" }
    )]
    Surrogate {
        /// Of its first byte.
        offset: usize,
        /// What it is.
        code_point: u32,
        /// The byte that it stands for, if `surrogateescape` made it.
        escaped: Option<u8>,
    },
    /// A zero byte, where C would think that the text ends.
    #[error("the text has a NUL at offset {offset}, and C would read it only up to there: remove it")]
    InteriorNul {
        /// Where it is.
        offset: usize,
    },
    /// More than a text can have.
    #[error("a text of {length} bytes is too long: {limit} is the most")]
    TooLong {
        /// Bytes given.
        length: usize,
        /// The most.
        limit: usize,
    },
    /// The memory of the host is too small. Nothing was written, not even a part.
    #[error("the text needs {needed} bytes, there is room for {room}: pass a larger buffer")]
    TooSmall {
        /// Bytes that are needed.
        needed: usize,
        /// Bytes that were offered.
        room: usize,
    },
    /// A cut would not be between two characters, or not inside the text.
    #[error("bytes {start}..{end} cannot be cut from a text of {length}: {}", .inside.map_or_else(
        || "they are not all there".to_owned(),
        |offset| format!("offset {offset} is inside a character")
    ))]
    BadCut {
        /// The first byte asked for.
        start: usize,
        /// The end that was asked for.
        end: usize,
        /// Bytes of the text.
        length: usize,
        /// Which of both is inside a character.
        inside: Option<usize>,
    },
    /// The text is not what it was: somebody has written to its memory.
    #[error("the memory of the text was written to by somebody else, and is no UTF-8 at offset {offset} any more")]
    Corrupt {
        /// Of the first byte that does not fit.
        offset: usize,
    },
}

impl From<GuardError> for TextError {
    fn from(error: GuardError) -> Self {
        Self::Call(error.into())
    }
}
