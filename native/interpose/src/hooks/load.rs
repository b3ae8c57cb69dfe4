//! `dlopen` and `dlsym`: objects that come later are patched before anything of theirs can be called by name, and a hooked
//! function that is asked for by name is the hook.
//!
//! Both functions look at who calls them, so they must be reached by a jump that leaves no trace of ours on the stack.

use std::arch::naked_asm;
use std::ffi::{CStr, c_char, c_void};
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};

use crate::scheduler;
use crate::slots::Hook;

/// Something may have been loaded.
static STALE: AtomicBool = AtomicBool::new(false);
static REAL_OPEN: AtomicPtr<c_void> = AtomicPtr::new(std::ptr::null_mut());
static REAL_SYMBOL: AtomicPtr<c_void> = AtomicPtr::new(std::ptr::null_mut());

pub(super) fn table() -> Vec<Hook> {
    let entry = |name: &'static CStr, real: &AtomicPtr<c_void>, replacement: unsafe extern "C" fn()| {
        // SAFETY: it is a string.
        let found = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) };
        real.store(found, Ordering::Relaxed);
        Hook { name, version: None, replacement: (replacement as *const ()).addr(), real: found.addr() }
    };
    vec![entry(c"dlopen", &REAL_OPEN, open), entry(c"dlsym", &REAL_SYMBOL, symbol)]
}

/// Objects may have been loaded: patch them now, if so.
pub(crate) fn refresh() {
    if STALE.swap(false, Ordering::AcqRel) {
        scheduler::refresh();
    }
}

/// What `dlsym` is to answer, or null for what it answers by itself.
///
/// # Safety
/// The arguments are those of a call of `dlsym`.
unsafe extern "C" fn answer(handle: *mut c_void, name: *const c_char) -> usize {
    refresh();
    if handle == libc::RTLD_NEXT || name.is_null() {
        return 0;
    }
    // SAFETY: the caller of `dlsym` passed a string.
    let wanted = unsafe { CStr::from_ptr(name) };
    scheduler::replacement(wanted, || {
        // SAFETY: the arguments are the caller's, and the handle is not one that depends on who calls.
        unsafe { libc::dlsym(handle, name) }.addr()
    })
}

#[cfg(target_arch = "x86_64")]
#[unsafe(naked)]
unsafe extern "C" fn open() {
    naked_asm!(
        "mov byte ptr [rip + {stale}], 1",
        "jmp qword ptr [rip + {real}]",
        stale = sym STALE,
        real = sym REAL_OPEN,
    )
}

#[cfg(target_arch = "x86_64")]
#[unsafe(naked)]
unsafe extern "C" fn symbol() {
    naked_asm!(
        "push rdi",
        "push rsi",
        "sub rsp, 8",
        "call {answer}",
        "add rsp, 8",
        "pop rsi",
        "pop rdi",
        "test rax, rax",
        "jne 2f",
        "jmp qword ptr [rip + {real}]",
        "2:",
        "ret",
        answer = sym answer,
        real = sym REAL_SYMBOL,
    )
}

#[cfg(target_arch = "aarch64")]
#[unsafe(naked)]
unsafe extern "C" fn open() {
    naked_asm!(
        "mov w10, #1",
        "adrp x9, {stale}",
        "strb w10, [x9, :lo12:{stale}]",
        "adrp x9, {real}",
        "ldr x9, [x9, :lo12:{real}]",
        "br x9",
        stale = sym STALE,
        real = sym REAL_OPEN,
    )
}

#[cfg(target_arch = "aarch64")]
#[unsafe(naked)]
unsafe extern "C" fn symbol() {
    naked_asm!(
        "stp x29, x30, [sp, #-32]!",
        "stp x0, x1, [sp, #16]",
        "bl {answer}",
        "mov x9, x0",
        "ldp x0, x1, [sp, #16]",
        "ldp x29, x30, [sp], #32",
        "cbz x9, 2f",
        "mov x0, x9",
        "ret",
        "2:",
        "adrp x9, {real}",
        "ldr x9, [x9, :lo12:{real}]",
        "br x9",
        answer = sym answer,
        real = sym REAL_SYMBOL,
    )
}
