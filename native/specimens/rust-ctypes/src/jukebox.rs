// jukebox: the native half of jukebox.py, driven by ctypes with the GIL held: tracks that belong to a jukebox, and are heard.
// Class      MAD-14 dispose from inside a callback.
// Mechanism  the callback that hears a track closes the jukebox, the parent; play() counts in a track that is gone with it.
//            What is taken out or closed while a track is played goes when nothing is played any more; close() forgot that.
// Program    open, add, play the track { close the jukebox }       Threads 1       Known minimum 4 steps
// Model      https://github.com/python/cpython/issues/143662 (sqlite3 closed inside its callback)

use crate::FIXED;
use std::ptr;
use std::sync::atomic::{AtomicIsize, Ordering::SeqCst};

static ALIVE: AtomicIsize = AtomicIsize::new(0);

struct Track {
    title: [i64; 4],
    plays: *mut i64,
    is_out: bool,
}

struct Jukebox {
    tracks: Vec<*mut Track>,
    playing: usize,
    is_closed: bool,
}

/// What ends a life clears what it frees: a use after it is a fault.
///
/// # Safety
/// The track is alive, and on no list any more.
unsafe fn end(track: *mut Track) {
    // SAFETY: both came out of a Box, and are freed once.
    unsafe {
        drop(Box::from_raw(ptr::replace(&raw mut (*track).plays, ptr::null_mut())));
        drop(Box::from_raw(track));
    }
    ALIVE.fetch_sub(1, SeqCst);
}

/// Free what was to go while it was played, once nothing is.
///
/// # Safety
/// The jukebox is alive; it may be gone afterwards.
unsafe fn sweep(jukebox: *mut Jukebox) {
    // SAFETY: as the caller promises; a track that is out or whose jukebox is closed has no user left.
    unsafe {
        if (*jukebox).playing > 0 {
            return;
        }
        let all = (*jukebox).is_closed;
        let tracks = std::mem::take(&mut (*jukebox).tracks);
        let (gone, left): (Vec<_>, Vec<_>) = tracks.into_iter().partition(|track| all || (**track).is_out);
        gone.into_iter().for_each(|track| end(track));
        (*jukebox).tracks = left;
        if all {
            drop(Box::from_raw(jukebox));
            ALIVE.fetch_sub(1, SeqCst);
        }
    }
}

#[unsafe(no_mangle)]
extern "C" fn jukebox_alive() -> isize {
    ALIVE.load(SeqCst)
}

#[unsafe(no_mangle)]
extern "C" fn jukebox_open() -> *mut Jukebox {
    ALIVE.fetch_add(1, SeqCst);
    Box::into_raw(Box::new(Jukebox { tracks: Vec::new(), playing: 0, is_closed: false }))
}

/// # Safety
/// The jukebox is alive.
#[unsafe(no_mangle)]
unsafe extern "C" fn jukebox_add(jukebox: *mut Jukebox, title: i64) -> *mut Track {
    ALIVE.fetch_add(1, SeqCst);
    let track = Box::into_raw(Box::new(Track { title: [title; 4], plays: Box::into_raw(Box::new(0)), is_out: false }));
    // SAFETY: as the caller promises.
    unsafe { (*jukebox).tracks.push(track) };
    track
}

/// # Safety
/// The track is alive.
#[unsafe(no_mangle)]
unsafe extern "C" fn jukebox_plays(track: *const Track) -> i64 {
    // SAFETY: as the caller promises.
    unsafe { *(*track).plays }
}

/// # Safety
/// Both are alive, and the track is not used afterwards.
#[unsafe(no_mangle)]
unsafe extern "C" fn jukebox_take_out(jukebox: *mut Jukebox, track: *mut Track) {
    // SAFETY: as the caller promises.
    unsafe {
        (*track).is_out = true;
        sweep(jukebox);
    }
}

/// Have the track heard; how often it was before.
///
/// # Safety
/// Both are alive; they may be taken out and closed meanwhile.
#[unsafe(no_mangle)]
unsafe extern "C" fn jukebox_play(jukebox: *mut Jukebox, track: *mut Track, hear: extern "C" fn(i64)) -> i64 {
    // SAFETY: no reference is held while it is heard, and both stay until sweep(). (In the wrong twin, they do not.)
    unsafe {
        (*jukebox).playing += 1;
        hear((*track).title[0]);
        let plays = *(*track).plays;
        *(*track).plays = plays + 1;
        (*jukebox).playing -= 1;
        sweep(jukebox);
        plays
    }
}

/// # Safety
/// The jukebox is alive; neither it nor its tracks are used afterwards.
#[unsafe(no_mangle)]
unsafe extern "C" fn jukebox_close(jukebox: *mut Jukebox) {
    // SAFETY: as the caller promises. (In the wrong twin, play() is a user that nobody thought of.)
    unsafe {
        (*jukebox).is_closed = true;
        if !FIXED {
            (*jukebox).playing = 0;
        }
        sweep(jukebox);
    }
}
