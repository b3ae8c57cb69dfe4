//! When something happened, as the harness counts: in which program, which step of it, on which of its threads.

/// A moment, packed into a word so that it can be stored and read in one piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment(u64);

impl Moment {
    /// The thread number of one that the library itself made.
    pub const FOREIGN: i16 = -1;

    /// The moment of a step.
    #[must_use]
    pub const fn new(program: u16, step: i32, thread: i16) -> Self {
        Self((program as u64) << 48 | (thread.cast_unsigned() as u64) << 32 | step.cast_unsigned() as u64)
    }

    /// The step; what is not a step of the program has a number of the caller's choice.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "taking a part is the purpose")]
    pub const fn step(self) -> i32 {
        (self.0 as u32).cast_signed()
    }

    /// The thread of the program.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "taking a part is the purpose")]
    pub const fn thread(self) -> i16 {
        ((self.0 >> 32) as u16).cast_signed()
    }

    /// The program, counted in this process.
    #[must_use]
    pub const fn program(self) -> u16 {
        (self.0 >> 48) as u16
    }

    /// As one word; `from_word` gives it back.
    #[must_use]
    pub const fn to_word(self) -> u64 {
        self.0
    }

    /// What `to_word` gave.
    #[must_use]
    pub const fn from_word(word: u64) -> Self {
        Self(word)
    }
}

#[cfg(test)]
mod tests {
    use super::Moment;

    #[test]
    fn parts_come_back() {
        let moment = Moment::new(u16::MAX, -7, Moment::FOREIGN);
        assert_eq!((moment.program(), moment.step(), moment.thread()), (u16::MAX, -7, -1));
        assert_eq!(Moment::from_word(moment.to_word()), moment);
    }
}
