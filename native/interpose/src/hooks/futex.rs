//! `syscall(SYS_futex, …)`: how Rust's standard library and `parking_lot` wait. Other system calls pass.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use libc::{EAGAIN, EINTR, ETIMEDOUT, c_int, c_long, timespec};

use super::{hooks, outside, table};
use crate::errno;
use crate::real::{self, Contract};
use crate::sched::clock::nanoseconds;
use crate::sched::managed::Managed;
use crate::sched::state::{Wait, Woken};
use crate::sched::{Kind, Point, Thing};
use crate::slots::Hook;

hooks! {
    // Variadic in C; all arguments are words, which are passed alike.
    fn call as syscall(number: c_long, a: usize, b: usize, c: usize, d: usize, e: usize, f: usize) -> c_long {
        |me, of| if number == libc::SYS_futex {
            me.futex(of, [a, b, c, d, e, f])
        } else {
            real::syscall(of, number, a, b, c, d, e, f)
        };
        else |of| {
            let result = real::syscall(of, number, a, b, c, d, e, f);
            if number == libc::SYS_futex {
                after_outside([a, b, c, d, e, f]);
            }
            result
        }
    }
}

pub(super) fn table() -> Vec<Hook> {
    table![call as syscall]
}

/// The arguments of a futex call, by name.
struct Futex {
    word: usize,
    operation: c_int,
    value: u32,
    /// A time-out, or for some operations a second number.
    fourth: usize,
    other: usize,
    bits: u32,
}

impl Futex {
    #[expect(clippy::cast_possible_truncation, reason = "the kernel takes the lower halves of these, too")]
    #[expect(clippy::cast_possible_wrap, reason = "as above")]
    const fn new([word, operation, value, fourth, other, bits]: [usize; 6]) -> Self {
        let operation = operation as c_int & !(libc::FUTEX_PRIVATE_FLAG | libc::FUTEX_CLOCK_REALTIME);
        Self { word, operation, value: value as u32, fourth, other, bits: bits as u32 }
    }

    const fn thing(&self) -> Thing {
        Thing { kind: Kind::Futex, address: self.word }
    }

    fn most(&self) -> usize {
        usize::try_from(self.value).unwrap_or(usize::MAX)
    }
}

/// A thread outside the region woke, perhaps, one inside.
fn after_outside(arguments: [usize; 6]) {
    let futex = Futex::new(arguments);
    match futex.operation {
        libc::FUTEX_WAKE => outside::woke(futex.thing(), futex.most(), u32::MAX),
        libc::FUTEX_WAKE_BITSET => outside::woke(futex.thing(), futex.most(), futex.bits),
        libc::FUTEX_REQUEUE | libc::FUTEX_CMP_REQUEUE | libc::FUTEX_WAKE_OP => {
            outside::woke(futex.thing(), usize::MAX, u32::MAX);
        }
        _ => {}
    }
}

impl Managed {
    fn futex(&self, of: Contract, arguments: [usize; 6]) -> c_long {
        let futex = Futex::new(arguments);
        let real = || {
            let [a, b, c, d, e, f] = arguments;
            real::syscall(of, libc::SYS_futex, a, b, c, d, e, f)
        };
        match futex.operation {
            libc::FUTEX_WAIT | libc::FUTEX_WAIT_BITSET => self.futex_wait(of, &futex).unwrap_or_else(real),
            libc::FUTEX_WAKE => self.futex_wake(&futex, u32::MAX, real),
            libc::FUTEX_WAKE_BITSET => self.futex_wake(&futex, futex.bits, real),
            libc::FUTEX_REQUEUE => self.futex_requeue(&futex, real),
            libc::FUTEX_CMP_REQUEUE => {
                if futex.load(of) == futex.bits {
                    self.futex_requeue(&futex, real)
                } else {
                    fail(EAGAIN)
                }
            }
            _ => self.run.away(self, "a futex operation that is not modelled was used", real),
        }
    }

    fn futex_wait(&self, of: Contract, futex: &Futex) -> Option<c_long> {
        self.run.stop(self, Point::Acquire, futex.word, false);
        if self.released.get() {
            return None;
        }
        if futex.load(of) != futex.value {
            return Some(fail(EAGAIN));
        }
        let is_absolute = futex.operation == libc::FUTEX_WAIT_BITSET;
        let limit = (futex.fourth != 0).then(|| {
            let time = futex.fourth as *const timespec;
            if is_absolute {
                self.until(of, time)
            } else {
                // SAFETY: the caller of the hook passed a time, as the system call asks.
                Duration::from_nanos(nanoseconds(unsafe { time.read() }))
            }
        });
        let bits = if is_absolute { futex.bits } else { u32::MAX };
        Some(match self.run.block(self, Wait::new(futex.thing(), "futex").bits(bits), limit) {
            Woken::Called => 0,
            // It may look again: a futex may wake for no reason.
            Woken::Released => 0,
            Woken::TimedOut => fail(ETIMEDOUT),
            Woken::Interrupted => fail(EINTR),
        })
    }

    fn futex_wake(&self, futex: &Futex, bits: u32, real: impl FnOnce() -> c_long) -> c_long {
        let most = futex.most();
        let woken = self.run.lock().wake(futex.thing(), most, bits);
        let rest = if woken < most { real() } else { 0 };
        self.woke_outside(rest);
        self.run.stop(self, Point::Release, futex.word, false);
        rest.saturating_add(c_long::try_from(woken).unwrap_or(0))
    }

    fn futex_requeue(&self, futex: &Futex, real: impl FnOnce() -> c_long) -> c_long {
        let target = Thing { kind: Kind::Futex, address: futex.other };
        let mut state = self.run.lock();
        let woken = state.wake(futex.thing(), futex.most(), u32::MAX);
        let moved = state.requeue(futex.thing(), target, futex.fourth);
        drop(state);
        let rest = real();
        self.woke_outside(rest);
        self.run.stop(self, Point::Release, futex.word, false);
        rest.saturating_add(c_long::try_from(woken + moved).unwrap_or(0))
    }

    /// Real waiters were woken, so they are threads outside the region.
    fn woke_outside(&self, count: c_long) {
        if count > 0 {
            let mut state = self.run.lock();
            state.strangers = true;
            state.lose(crate::sched::state::Control::Partial, "a thread outside the region was woken");
        }
    }
}

impl Futex {
    fn load(&self, _: Contract) -> u32 {
        // SAFETY: the caller of the hook passed the address of a word that is shared with other threads.
        unsafe { AtomicU32::from_ptr(self.word as *mut u32) }.load(Ordering::SeqCst)
    }
}

fn fail(error: c_int) -> c_long {
    errno::set(error);
    -1
}
