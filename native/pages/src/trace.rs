//! Native stacks, as addresses, and the list of mappings to resolve them by. Only when they were asked for.

use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::ledger::DEPTH;
use crate::report::PART;

/// Frames of our own and of the signal's delivery that may precede those that matter.
const OURS: usize = 16;

/// Have the C library load its unwinder now: it allocates for that.
pub(crate) fn prime() {
    let mut frames = [ptr::null_mut(); 2];
    unwind(&mut frames);
}

/// Store the stack of the caller, our own frames included: they are told by their library.
pub(crate) fn take(into: &[AtomicUsize; DEPTH]) {
    let mut frames = [ptr::null_mut(); DEPTH];
    let count = unwind(&mut frames);
    for (slot, frame) in into.iter().zip(&frames[..count]) {
        slot.store(frame.addr(), Ordering::Relaxed);
    }
}

/// The stack here, from the instruction at `counter` on if it is in it.
pub(crate) fn here(counter: Option<usize>) -> [AtomicUsize; DEPTH] {
    let mut frames = [ptr::null_mut(); DEPTH + OURS];
    let count = unwind(&mut frames);
    let at = frames[..count].iter().position(|frame| Some(frame.addr()) == counter).unwrap_or(0);
    let kept = [const { AtomicUsize::new(0) }; DEPTH];
    for (slot, frame) in kept.iter().zip(&frames[at..count]) {
        slot.store(frame.addr(), Ordering::Relaxed);
    }
    kept
}

/// The addresses of a stored stack.
pub(crate) fn frames(stored: &[AtomicUsize; DEPTH]) -> impl Iterator<Item = usize> {
    stored.iter().map(|frame| frame.load(Ordering::Relaxed)).take_while(|frame| *frame != 0)
}

fn unwind(frames: &mut [*mut libc::c_void]) -> usize {
    let room = libc::c_int::try_from(frames.len()).unwrap_or(libc::c_int::MAX);
    // SAFETY: the call writes at most `room` addresses into the slice.
    usize::try_from(unsafe { libc::backtrace(frames.as_mut_ptr(), room) }).unwrap_or(0)
}

/// Hand the list of this process's mappings on, in parts; once.
pub(crate) fn maps(mut give: impl FnMut(&[u8])) {
    static DONE: AtomicBool = AtomicBool::new(false);
    if DONE.swap(true, Ordering::Relaxed) {
        return;
    }
    // SAFETY: the path is a C string; the call makes a descriptor.
    let fd = unsafe { libc::open(c"/proc/self/maps".as_ptr(), libc::O_RDONLY | libc::O_CLOEXEC) };
    if fd < 0 {
        return;
    }
    let mut part = [0; PART];
    loop {
        // SAFETY: the call writes at most `PART` bytes into the array.
        let got = unsafe { libc::read(fd, part.as_mut_ptr().cast(), PART) };
        match usize::try_from(got) {
            Ok(count) if count > 0 => give(&part[..count]),
            _ => break,
        }
    }
    // SAFETY: the descriptor was opened above and is not used any more.
    unsafe { libc::close(fd) };
}
