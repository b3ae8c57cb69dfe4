//! The journal itself: create, attach, append, reset.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::layout::{
    CAPACITY_AT, FORMAT_VERSION, HEADER_WORDS, MAGIC, MAGIC_AT, MAX_CAPACITY, MAX_PAYLOAD, RECORD_OVERHEAD, STATE_AT,
    State, VERSION_AT, WORD, checksum, key, record_words, seal, version_word,
};
use crate::memory::Memory;
use crate::{JournalError, Reader};

/// An append-only record log in shared memory. See the [crate's page](crate) for what it promises.
#[derive(Debug)]
pub struct Journal {
    memory: Memory,
    /// Words in the record area: what the mapping holds, whatever the header says later.
    capacity: u32,
}

impl Journal {
    /// Make an empty journal with room for `capacity` bytes of records, rounded up to a multiple of 8.
    ///
    /// Its descriptor is closed on exec; forked children inherit the mapping anyway.
    ///
    /// # Errors
    /// [`JournalError::Capacity`], [`JournalError::Unsupported`], or [`JournalError::Os`].
    pub fn create(capacity: u64) -> Result<Self, JournalError> {
        let refuse = JournalError::Capacity { asked: capacity, min: RECORD_OVERHEAD, max: MAX_CAPACITY };
        if !(RECORD_OVERHEAD..=MAX_CAPACITY).contains(&capacity) {
            return Err(refuse);
        }
        let Ok(words) = u32::try_from(capacity.div_ceil(WORD)) else { return Err(refuse) };
        let Some(total) = usize::try_from(words).ok().and_then(|words| words.checked_add(HEADER_WORDS)) else {
            return Err(refuse);
        };
        let journal = Self { memory: Memory::create(total)?, capacity: words };
        journal.write_header(State { epoch: 1, tail: 0 });
        Ok(journal)
    }

    /// Open the journal behind `fd`, which stays open and stays the caller's.
    ///
    /// # Errors
    /// [`JournalError::NotAJournal`] or [`JournalError::Version`] if it is none of ours; [`JournalError::Os`].
    pub fn attach(fd: i32) -> Result<Self, JournalError> {
        let memory = Memory::attach(fd)?;
        let refuse = |reason| JournalError::NotAJournal { fd, reason };
        let words = memory.words();
        if words[MAGIC_AT].load(Ordering::Relaxed) != MAGIC {
            return Err(refuse("its first 8 bytes are not DEADHAND"));
        }
        let found = words[VERSION_AT].load(Ordering::Relaxed).to_ne_bytes()[0];
        if found != FORMAT_VERSION {
            return Err(JournalError::Version { fd, found, expected: FORMAT_VERSION });
        }
        let capacity = u32::try_from(words.len() - HEADER_WORDS).map_err(|_| refuse("it is too large"))?;
        let journal = Self { memory, capacity };
        match journal.header_damage() {
            Some(reason) => Err(refuse(reason)),
            None => Ok(journal),
        }
    }

    /// Append one record and return its offset. It is readable once this returns, even if the process then dies.
    ///
    /// Any number of threads and processes may append at once; none waits for another.
    ///
    /// # Errors
    /// [`JournalError::Full`] and [`JournalError::TooLong`] write nothing; [`JournalError::Corrupt`] if the header was
    /// overwritten.
    #[inline]
    pub fn append(&self, payload: &[u8]) -> Result<u64, JournalError> {
        let Some(length) = u32::try_from(payload.len()).ok().filter(|length| *length <= MAX_PAYLOAD) else {
            return Err(JournalError::TooLong { length: payload.len() as u64, max: MAX_PAYLOAD.into() });
        };
        let State { epoch, tail } = self.reserve(record_words(length))?;
        let key = key(epoch, tail, length);
        let record = &self.records()[tail as usize..][..record_words(length) as usize];
        let [reservation, commit, body @ ..] = record else { unreachable!("record_words() is at least two") };
        commit.store(0, Ordering::Relaxed);
        reservation.store(seal(key, length), Ordering::Release);
        store_bytes(body, payload);
        commit.store(seal(checksum(key, payload), length), Ordering::Release);
        Ok(u64::from(tail) * WORD)
    }

    /// Take `words` words and return the state they were taken from.
    #[inline]
    fn reserve(&self, words: u32) -> Result<State, JournalError> {
        let state = &self.memory.words()[STATE_AT];
        let mut current = state.load(Ordering::Relaxed);
        loop {
            let State { epoch, tail } = State::from_word(current);
            let Some(remaining) = self.capacity.checked_sub(tail) else {
                return Err(JournalError::Corrupt { reason: "its tail is beyond its capacity" });
            };
            if words > remaining {
                let [needed, remaining] = [words, remaining].map(|words| u64::from(words) * WORD);
                return Err(JournalError::Full { needed, remaining });
            }
            let next = State { epoch, tail: tail + words }.to_word();
            match state.compare_exchange_weak(current, next, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return Ok(State { epoch, tail }),
                Err(actual) => current = actual,
            }
        }
    }

    /// Read on from `cursor`: 0, or what [`Reader::cursor`] said last.
    ///
    /// # Errors
    /// [`JournalError::Cursor`] if it is not aligned or beyond the capacity.
    pub fn read_from(&self, cursor: u64) -> Result<Reader<'_>, JournalError> {
        let position =
            u32::try_from(cursor / WORD).ok().filter(|at| *at <= self.capacity && cursor.is_multiple_of(WORD));
        let Some(position) = position else {
            return Err(JournalError::Cursor { cursor, capacity: self.capacity() });
        };
        Ok(Reader::new(self, position))
    }

    /// Start anew: forget all records, repair the header, begin the next epoch.
    ///
    /// For when no writer is at work. A writer that is stopped in the middle of an append and goes on after the reset
    /// may damage records of the new epoch; it can never make an old record look like a new one.
    pub fn reset(&self) {
        let State { epoch, tail } = self.state();
        // A tail beyond the capacity says nothing about what was written: clear everything.
        let used = if tail > self.capacity { self.capacity } else { tail };
        for word in &self.records()[..used as usize] {
            word.store(0, Ordering::Relaxed);
        }
        self.write_header(State { epoch: epoch.wrapping_add(1).max(1), tail: 0 });
    }

    /// Bytes that records take, or the whole capacity if the header was overwritten.
    #[must_use]
    pub fn used(&self) -> u64 {
        u64::from(self.state().tail.min(self.capacity)) * WORD
    }

    /// Bytes in the record area.
    #[must_use]
    pub fn capacity(&self) -> u64 {
        u64::from(self.capacity) * WORD
    }

    /// How often the journal was started: 1, and one more for every reset.
    #[must_use]
    pub fn epoch(&self) -> u32 {
        self.state().epoch
    }

    #[inline]
    pub(crate) fn state(&self) -> State {
        State::from_word(self.memory.words()[STATE_AT].load(Ordering::Acquire))
    }

    #[inline]
    pub(crate) fn records(&self) -> &[AtomicU64] {
        &self.memory.words()[HEADER_WORDS..]
    }

    /// What no longer holds of the header, the state excepted.
    pub(crate) fn header_damage(&self) -> Option<&'static str> {
        let words = self.memory.words();
        let holds = |at: usize, expected| words[at].load(Ordering::Relaxed) == expected;
        if !holds(MAGIC_AT, MAGIC) {
            Some("its first 8 bytes are not DEADHAND")
        } else if !holds(VERSION_AT, version_word(FORMAT_VERSION)) {
            Some("its version word is wrong")
        } else if !holds(CAPACITY_AT, self.capacity()) {
            Some("its capacity is not that of the memory")
        } else {
            None
        }
    }

    fn write_header(&self, state: State) {
        let words = self.memory.words();
        words[MAGIC_AT].store(MAGIC, Ordering::Relaxed);
        words[VERSION_AT].store(version_word(FORMAT_VERSION), Ordering::Relaxed);
        words[CAPACITY_AT].store(self.capacity(), Ordering::Relaxed);
        words[STATE_AT].store(state.to_word(), Ordering::Release);
    }
}

/// The descriptor of the shared memory; it stays the journal's.
#[cfg(unix)]
impl std::os::fd::AsFd for Journal {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.memory.as_fd()
    }
}

#[cfg(unix)]
impl std::os::fd::AsRawFd for Journal {
    fn as_raw_fd(&self) -> std::os::fd::RawFd {
        std::os::fd::AsFd::as_fd(self).as_raw_fd()
    }
}

#[inline]
fn store_bytes(words: &[AtomicU64], bytes: &[u8]) {
    let (whole, rest) = bytes.as_chunks::<8>();
    for (word, chunk) in words.iter().zip(whole) {
        word.store(u64::from_ne_bytes(*chunk), Ordering::Relaxed);
    }
    if let Some(word) = words.get(whole.len()) {
        let mut padded = [0; 8];
        padded[..rest.len()].copy_from_slice(rest);
        word.store(u64::from_ne_bytes(padded), Ordering::Relaxed);
    }
}
