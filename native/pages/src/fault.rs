//! The handler for SIGSEGV and SIGBUS. It takes no lock and allocates nothing, and then lets the next one have its turn.

use std::io;
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::ledger::State;
use crate::report::{self, Access, Kind};
use crate::{Guard, PagesError};

static SEGV: OnceLock<libc::sigaction> = OnceLock::new();
static BUS: OnceLock<libc::sigaction> = OnceLock::new();
static REPORTED: AtomicBool = AtomicBool::new(false);
static CHAINED: AtomicBool = AtomicBool::new(false);

/// Stand before the handlers that are there now.
pub(crate) fn install() -> Result<(), PagesError> {
    for (signal, before) in [(libc::SIGSEGV, &SEGV), (libc::SIGBUS, &BUS)] {
        let mut action: libc::sigaction = empty();
        action.sa_sigaction = handle as *const () as usize;
        action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
        let mut current = empty();
        // SAFETY: without a new action the call only fills in the current one.
        if unsafe { libc::sigaction(signal, ptr::null(), &raw mut current) } != 0 {
            return Err(refused());
        }
        if current.sa_sigaction == action.sa_sigaction {
            continue;
        }
        // Known before it is needed: a fault in another thread may come at once.
        before.get_or_init(|| current);
        // SAFETY: the handler is safe to run at any instruction, on any thread.
        if unsafe { libc::sigaction(signal, &raw const action, ptr::null_mut()) } != 0 {
            return Err(refused());
        }
    }
    Ok(())
}

fn refused() -> PagesError {
    PagesError::Os { action: "install the handler for faults", source: io::Error::last_os_error() }
}

fn empty() -> libc::sigaction {
    // SAFETY: the structure is numbers and null pointers: all zeros is the default action without flags.
    unsafe { MaybeUninit::zeroed().assume_init() }
}

extern "C" fn handle(signal: libc::c_int, information: *mut libc::siginfo_t, context: *mut libc::c_void) {
    if let Some(guard) = Guard::get()
        && !information.is_null()
    {
        // SAFETY: the kernel hands a handler with SA_SIGINFO such a structure.
        let information = unsafe { &*information };
        // SAFETY: of SIGSEGV and SIGBUS the address is a part of it.
        let address = unsafe { information.si_addr() }.expose_provenance();
        if guard.holds(address) && !REPORTED.swap(true, Ordering::Relaxed) {
            let kind = match guard.block(address) {
                Some((_, record)) if record.state() == State::Freed => Kind::UseAfterFree,
                _ => Kind::OutOfBounds,
            };
            let (access, counter) = instruction(context);
            report::append(guard, kind, access, address, counter);
        }
    }
    let before = if signal == libc::SIGBUS { &BUS } else { &SEGV };
    // A handler that was installed over this one comes back here when it is done: then the process must end.
    let next = if CHAINED.swap(true, Ordering::Relaxed) { None } else { before.get().copied() };
    let next = next.unwrap_or_else(empty);
    // SAFETY: the action was the process's own, or is the default. On return the access faults again, into that.
    unsafe { libc::sigaction(signal, &raw const next, ptr::null_mut()) };
}

/// What the faulting instruction did, and where it is.
#[cfg(target_arch = "x86_64")]
fn instruction(context: *mut libc::c_void) -> (Access, Option<usize>) {
    const WRITE: i64 = 1 << 1;
    // SAFETY: the kernel hands a handler with SA_SIGINFO a context of this type.
    let Some(context) = (unsafe { context.cast::<libc::ucontext_t>().as_ref() }) else {
        return (Access::Touch, None);
    };
    let register =
        |which: libc::c_int| usize::try_from(which).ok().and_then(|at| context.uc_mcontext.gregs.get(at)).copied();
    let access = match register(libc::REG_ERR) {
        Some(error) if error & WRITE != 0 => Access::Write,
        _ => Access::Read,
    };
    (access, register(libc::REG_RIP).and_then(|counter| usize::try_from(counter).ok()))
}

/// What the faulting instruction did is not in the context here.
#[cfg(not(target_arch = "x86_64"))]
fn instruction(_context: *mut libc::c_void) -> (Access, Option<usize>) {
    (Access::Touch, None)
}
