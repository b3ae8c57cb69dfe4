//! Calls that wait for the world: `read`, `poll`, `accept` and their family.
//!
//! What a thread can wait for with `poll` is waited for here: whether it is ready is looked up at each decision, so what
//! one thread of a region writes and another reads has its place in the order. A write that may fill a pipe cannot be
//! looked into: it is made without the token, and control is partial.

use std::time::Duration;

use libc::{
    EINTR, POLLIN, POLLOUT, c_int, c_short, c_void, epoll_event, fd_set, msghdr, nfds_t, pid_t, pollfd, size_t,
    sockaddr, socklen_t, ssize_t, timeval,
};

use super::{hooks, table};
use crate::descriptor::{is_non_blocking, is_ready, is_stream};
use crate::errno;
use crate::real::{self, Contract};
use crate::sched::managed::Managed;
use crate::sched::state::{Wait, Woken};
use crate::sched::{Kind, Thing};
use crate::slots::Hook;

/// A pipe that can be written to takes at least so many bytes without waiting.
const PIPE_BUF: usize = 4096;
const LONG_WRITE: &str = "a write of more than a pipe surely takes was made";

hooks! {
    fn read_from as read(descriptor: c_int, into: *mut c_void, length: size_t) -> ssize_t {
        |me, of| {
            me.wait_until_ready(descriptor, POLLIN, "read");
            real::read(of, descriptor, into, length)
        }
    }

    fn write_to as write(descriptor: c_int, from: *const c_void, length: size_t) -> ssize_t {
        |me, of| {
            me.wait_until_ready(descriptor, POLLOUT, "write");
            if length > PIPE_BUF && is_stream(descriptor) {
                me.run.away(me, LONG_WRITE, || real::write(of, descriptor, from, length))
            } else {
                real::write(of, descriptor, from, length)
            }
        }
    }

    fn receive as recv(socket: c_int, into: *mut c_void, length: size_t, flags: c_int) -> ssize_t {
        |me, of| {
            me.wait_unless(flags, socket, POLLIN, "recv");
            real::recv(of, socket, into, length, flags)
        }
    }

    fn receive_from as recvfrom(
        socket: c_int, into: *mut c_void, length: size_t, flags: c_int, sender: *mut sockaddr, size: *mut socklen_t,
    ) -> ssize_t {
        |me, of| {
            me.wait_unless(flags, socket, POLLIN, "recvfrom");
            real::recvfrom(of, socket, into, length, flags, sender, size)
        }
    }

    fn receive_message as recvmsg(socket: c_int, message: *mut msghdr, flags: c_int) -> ssize_t {
        |me, of| {
            me.wait_unless(flags, socket, POLLIN, "recvmsg");
            real::recvmsg(of, socket, message, flags)
        }
    }

    fn send_to as send(socket: c_int, from: *const c_void, length: size_t, flags: c_int) -> ssize_t {
        |me, of| {
            me.wait_unless(flags, socket, POLLOUT, "send");
            if length > PIPE_BUF {
                me.run.away(me, LONG_WRITE, || real::send(of, socket, from, length, flags))
            } else {
                real::send(of, socket, from, length, flags)
            }
        }
    }

    fn send_message as sendmsg(socket: c_int, message: *const msghdr, flags: c_int) -> ssize_t {
        |me, of| {
            me.wait_unless(flags, socket, POLLOUT, "sendmsg");
            real::sendmsg(of, socket, message, flags)
        }
    }

    fn accept_one as accept(socket: c_int, peer: *mut sockaddr, size: *mut socklen_t) -> c_int {
        |me, of| {
            me.wait_until_ready(socket, POLLIN, "accept");
            real::accept(of, socket, peer, size)
        }
    }

    fn accept_with as accept4(socket: c_int, peer: *mut sockaddr, size: *mut socklen_t, flags: c_int) -> c_int {
        |me, of| {
            me.wait_until_ready(socket, POLLIN, "accept4");
            real::accept4(of, socket, peer, size, flags)
        }
    }

    fn connect_to as connect(socket: c_int, peer: *const sockaddr, size: socklen_t) -> c_int {
        |me, of| if is_non_blocking(socket) {
            real::connect(of, socket, peer, size)
        } else {
            me.run.away(me, "a connection was waited for", || real::connect(of, socket, peer, size))
        }
    }

    fn poll_all as poll(set: *mut pollfd, count: nfds_t, timeout: c_int) -> c_int {
        |me, of| me.poll_again("poll", milliseconds(timeout), &mut || real::poll(of, set, count, 0))
    }

    fn select_all as select(
        count: c_int, readable: *mut fd_set, writable: *mut fd_set, failed: *mut fd_set, timeout: *mut timeval,
    ) -> c_int {
        |me, of| me.select_again(of, count, [readable, writable, failed], timeout)
    }

    fn wait_for_events as epoll_wait(epoll: c_int, events: *mut epoll_event, most: c_int, timeout: c_int) -> c_int {
        |me, of| me.poll_again("epoll_wait", milliseconds(timeout), &mut || real::epoll_wait(of, epoll, events, most, 0))
    }

    fn wait_for_process as waitpid(process: pid_t, status: *mut c_int, options: c_int) -> pid_t {
        |me, of| {
            let limit = (options & libc::WNOHANG != 0).then_some(Duration::ZERO);
            me.poll_again("waitpid", limit, &mut || real::waitpid(of, process, status, options | libc::WNOHANG))
        }
    }
}

pub(super) fn table() -> Vec<Hook> {
    table![
        read_from as read,
        write_to as write,
        receive as recv,
        receive_from as recvfrom,
        receive_message as recvmsg,
        send_to as send,
        send_message as sendmsg,
        accept_one as accept,
        accept_with as accept4,
        connect_to as connect,
        poll_all as poll,
        select_all as select,
        wait_for_events as epoll_wait,
        wait_for_process as waitpid,
    ]
}

/// The time that a call waits at most: negative is for ever.
fn milliseconds(timeout: c_int) -> Option<Duration> {
    u64::try_from(timeout).ok().map(Duration::from_millis)
}

impl Managed {
    fn wait_unless(&self, flags: c_int, socket: c_int, events: c_short, call: &'static str) {
        if flags & libc::MSG_DONTWAIT == 0 {
            self.wait_until_ready(socket, events, call);
        }
    }

    /// Wait until a call on a descriptor would not wait; it may be interrupted, and then the call itself waits or not.
    fn wait_until_ready(&self, descriptor: c_int, events: c_short, call: &'static str) {
        if self.released.get() || is_ready(descriptor, events) || is_non_blocking(descriptor) {
            return;
        }
        let address = usize::try_from(descriptor).unwrap_or(usize::MAX);
        let wait = Wait::new(Thing { kind: Kind::Descriptor, address }, call).bits(events.unsigned_abs().into());
        self.run.block(self, wait, None);
    }

    /// Look, and look again whenever nobody else goes on, until the answer is not 0 or time is up.
    fn poll_again(&self, call: &'static str, limit: Option<Duration>, look: &mut dyn FnMut() -> c_int) -> c_int {
        let deadline = limit.map(|limit| self.run.lock().clock.in_future(limit));
        loop {
            let found = look();
            if found != 0 || limit == Some(Duration::ZERO) || self.released.get() {
                return found;
            }
            let wait = Wait::new(Thing { kind: Kind::Outside, address: self.index }, call).outside(true);
            let limit = deadline.map(|deadline| self.run.lock().clock.left(deadline));
            match self.run.block(self, wait, limit) {
                Woken::TimedOut => return look(),
                Woken::Interrupted => {
                    errno::set(EINTR);
                    return -1;
                }
                Woken::Called | Woken::Released => {}
            }
        }
    }

    fn select_again(&self, of: Contract, count: c_int, sets: [*mut fd_set; 3], timeout: *mut timeval) -> c_int {
        // SAFETY: the caller of the hook passed null or a time.
        let limit = unsafe { timeout.as_ref() }.map(|time| {
            let [seconds, micros] = [time.tv_sec, time.tv_usec].map(|part| u64::try_from(part).unwrap_or(0));
            Duration::from_secs(seconds) + Duration::from_micros(micros)
        });
        if let Some(limit) = limit.filter(|_| sets.iter().all(|set| set.is_null())) {
            // How programs sleep that are older than `nanosleep`.
            self.sleep("select", limit);
            return 0;
        }
        // The sets are both question and answer.
        let asked = sets.map(|set| {
            // SAFETY: the caller of the hook passed null or a set.
            unsafe { set.as_ref() }.copied()
        });
        self.poll_again("select", limit, &mut || {
            for (set, asked) in sets.iter().zip(asked) {
                if let Some(asked) = asked {
                    // SAFETY: not null, as there was a set to copy; the caller of the hook lends it for the call.
                    unsafe { set.write(asked) };
                }
            }
            let mut now = timeval { tv_sec: 0, tv_usec: 0 };
            real::select(of, count, sets[0], sets[1], sets[2], &raw mut now)
        })
    }
}
