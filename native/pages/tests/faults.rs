//! What a child that misuses guarded memory leaves in the journal. Each scenario runs in a fork of its own.
#![cfg(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64"))]

use std::ffi::{CStr, c_int, c_void};
use std::os::fd::AsRawFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use deadhand_journal::{Entry, Journal};
use deadhand_pages::{Guard, Method, allocating, freeing};

const ARENA: u64 = 1 << 28;

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner)
}

fn function(name: &CStr) -> *const () {
    let all = allocating().into_iter().chain(freeing());
    all.filter(|each| each.name == name).map(|each| each.function).next().expect("a replacement of that name")
}

fn malloc(size: usize) -> *mut u8 {
    // SAFETY: the table's function of this name has this type.
    let call = unsafe { std::mem::transmute::<*const (), extern "C" fn(usize) -> *mut u8>(function(c"malloc")) };
    call(size)
}

fn memalign(alignment: usize, size: usize) -> *mut u8 {
    // SAFETY: as above.
    let call =
        unsafe { std::mem::transmute::<*const (), extern "C" fn(usize, usize) -> *mut u8>(function(c"memalign")) };
    call(alignment, size)
}

fn free(block: *mut u8) {
    // SAFETY: as above.
    let call = unsafe { std::mem::transmute::<*const (), extern "C" fn(*mut u8)>(function(c"free")) };
    call(block);
}

fn realloc(block: *mut u8, size: usize) -> *mut u8 {
    // SAFETY: as above.
    let call =
        unsafe { std::mem::transmute::<*const (), extern "C" fn(*mut u8, usize) -> *mut u8>(function(c"realloc")) };
    call(block, size)
}

fn write_call(fd: c_int, from: *const u8, count: usize) -> isize {
    // SAFETY: as above.
    let call = unsafe {
        std::mem::transmute::<*const (), extern "C" fn(c_int, *const u8, usize) -> isize>(function(c"write"))
    };
    call(fd, from, count)
}

type Start = extern "C" fn(*mut c_void) -> *mut c_void;

fn create_thread(thread: *mut u64, start: Start, argument: *mut u8) {
    type Create = extern "C" fn(*mut u64, *const c_void, Start, *mut c_void) -> c_int;
    // SAFETY: as above.
    let call = unsafe { std::mem::transmute::<*const (), Create>(function(c"pthread_create")) };
    call(thread, std::ptr::null(), start, argument.cast());
}

fn peek(at: *const u8) -> u8 {
    // SAFETY: none: that this faults, in a child, is what is tested.
    unsafe { at.read_volatile() }
}

fn poke(at: *mut u8) {
    // SAFETY: none: that this faults, in a child, is what is tested.
    unsafe { at.write_volatile(1) };
}

/// What the guard wrote, and the signal or the status that the child ended with.
struct Seen {
    records: Vec<Vec<u8>>,
    signal: c_int,
    status: c_int,
}

impl Seen {
    /// The record, as text as far as it is text.
    fn text(&self) -> String {
        self.records.iter().map(|each| String::from_utf8_lossy(each).into_owned()).collect::<Vec<_>>().join("\n")
    }

    fn says(&self, kind: &str) -> bool {
        self.records.iter().any(|each| each.windows(kind.len()).any(|part| part == kind.as_bytes()))
    }
}

const METHODS: [Method; 3] = [Method::Advice, Method::Userfault, Method::Mapping];

fn in_child(stacks: bool, work: impl FnOnce(&Guard)) -> Seen {
    in_child_by(None, stacks, work)
}

/// Run `work` under a guard of its own. Status 99: there is none (by this method).
fn in_child_by(method: Option<Method>, stacks: bool, work: impl FnOnce(&Guard)) -> Seen {
    let _alone = alone();
    let journal = Journal::create(1 << 20).expect("memory");
    // SAFETY: the child calls nothing that a lock of another thread could hold up.
    let pid = unsafe { libc::fork() };
    if pid == 0 {
        let theirs = Arc::new(Journal::attach(journal.as_raw_fd()).expect("a journal"));
        if let Ok(guard) = Guard::reserve(theirs, ARENA, method) {
            guard.next_program();
            if guard.arm(stacks).is_ok() {
                work(guard);
                // SAFETY: the call ends the process.
                unsafe { libc::_exit(0) };
            }
        }
        // SAFETY: as above.
        unsafe { libc::_exit(99) };
    }
    let mut status = 0;
    // SAFETY: the child is ours and the status is written where it says.
    assert_eq!(unsafe { libc::waitpid(pid, &raw mut status, 0) }, pid);
    let records = journal.read_from(0).expect("a cursor").filter_map(|entry| match entry {
        Entry::Record { payload, .. } => Some(payload),
        _ => None,
    });
    let signal = if libc::WIFSIGNALED(status) { libc::WTERMSIG(status) } else { 0 };
    Seen { records: records.collect(), signal, status: libc::WEXITSTATUS(status) }
}

fn is_fault(signal: c_int) -> bool {
    signal == libc::SIGSEGV || signal == libc::SIGBUS
}

#[test]
fn a_read_of_freed_memory_faults_and_names_three_steps() {
    let seen = in_child(false, |guard| {
        guard.begin(2, 0);
        let block = malloc(72);
        guard.end();
        guard.begin(5, 1);
        free(block);
        guard.end();
        guard.begin(6, 0);
        peek(block.wrapping_add(8));
    });
    assert!(is_fault(seen.signal), "{}", seen.text());
    // ["V", "use after free", "read", 8, 72, [2, 0], [5, 1], [6, 0]]
    let mut expected = vec![0x98, 0xA1, b'V', 0xAE];
    expected.extend(b"use after free\xA4read");
    expected.extend([8, 72, 0x92, 2, 0, 0x92, 5, 1, 0x92, 6, 0]);
    assert_eq!(seen.records, [expected]);
}

#[test]
fn a_write_to_freed_memory_says_so() {
    let seen = in_child(false, |_| {
        let block = malloc(72);
        free(block);
        poke(block);
    });
    assert!(is_fault(seen.signal) && seen.says("use after free") && seen.says("write"), "{}", seen.text());
}

#[test]
fn freed_memory_stays_gone_however_much_is_allocated_after_it() {
    for method in METHODS {
        let seen = in_child_by(Some(method), false, |_| {
            let block = malloc(72);
            free(block);
            for size in 1..5000 {
                let next = malloc(size);
                poke(next);
                free(next);
            }
            peek(block);
        });
        if method == Method::Userfault && seen.status == 99 {
            continue; // not allowed here
        }
        assert!(is_fault(seen.signal) && seen.says("use after free"), "{method:?}: {}", seen.text());
    }
}

#[test]
fn a_second_free_is_found() {
    let seen = in_child(false, |_| {
        let block = malloc(72);
        free(block);
        free(malloc(72));
        free(block);
    });
    assert_eq!(seen.signal, libc::SIGABRT);
    assert!(seen.says("double free"), "{}", seen.text());
}

#[test]
fn a_free_of_the_middle_is_found() {
    let seen = in_child(false, |_| free(malloc(72).wrapping_add(16)));
    assert_eq!(seen.signal, libc::SIGABRT);
    assert!(seen.says("invalid free"), "{}", seen.text());
}

#[test]
fn a_write_into_the_slack_is_found_when_the_block_is_freed() {
    let seen = in_child(false, |_| {
        let block = malloc(20);
        poke(block.wrapping_add(20));
        free(block);
    });
    assert_eq!(seen.signal, libc::SIGABRT);
    assert!(seen.says("slack written"), "{}", seen.text());
}

#[test]
fn a_write_behind_the_slack_faults() {
    let seen = in_child(false, |_| poke(malloc(32).wrapping_add(32)));
    assert!(is_fault(seen.signal) && seen.says("out of bounds"), "{}", seen.text());
}

#[test]
fn a_block_that_grows_moves_with_its_bytes_and_leaves_nothing_behind() {
    let seen = in_child(false, |_| {
        let block = malloc(64);
        poke(block.wrapping_add(63));
        let moved = realloc(block, 4000);
        if moved == block || peek(moved.wrapping_add(63)) != 1 {
            return;
        }
        peek(block);
    });
    assert!(is_fault(seen.signal) && seen.says("use after free"), "{}", seen.text());
}

#[test]
fn sizes_and_alignments_are_as_asked_for() {
    let seen = in_child(false, |guard| {
        for alignment in [16_usize, 64, 256, 4096] {
            for size in [0, 1, 15, 16, 17, 4095, 4096, 4097, 20_000] {
                let block = memalign(alignment, size);
                for at in 0..size {
                    poke(block.wrapping_add(at));
                }
                if !block.addr().is_multiple_of(alignment) {
                    peek(std::ptr::null());
                }
                free(block);
            }
        }
        let counts = guard.counts();
        if (counts.allocated, counts.freed, counts.passed, counts.bytes) != (36, 36, 0, 0) {
            peek(std::ptr::null());
        }
    });
    assert_eq!((seen.signal, seen.status), (0, 0), "{}", seen.text());
}

#[test]
fn the_real_allocator_takes_over_when_the_addresses_are_used_up_and_it_is_said_once() {
    let seen = in_child(false, |guard| {
        while guard.counts().passed < 3 {
            let block = malloc(1 << 19);
            poke(block);
            free(block);
        }
        free(malloc(100));
    });
    assert_eq!((seen.signal, seen.status), (0, 0), "{}", seen.text());
    assert_eq!(seen.records.iter().filter(|each| each.windows(9).any(|part| part == b"exhausted")).count(), 1);
}

#[test]
fn live_blocks_take_no_more_than_a_part_of_the_addresses() {
    let seen = in_child(false, |guard| {
        let most = guard.capacity() / 64 / 4096;
        for _ in 0..=most {
            malloc(1);
        }
        let counts = guard.counts();
        if (counts.allocated as u64, counts.passed) != (most, 1) {
            peek(std::ptr::null());
        }
    });
    assert_eq!((seen.signal, seen.status), (0, 0), "{}", seen.text());
    assert!(seen.says("exhausted"));
}

#[test]
fn a_freed_buffer_in_a_system_call_is_found_though_nothing_faults() {
    for method in METHODS {
        let seen = in_child_by(Some(method), false, |_| {
            let block = malloc(8000);
            free(block);
            if write_call(2, block, 4096) != -1 {
                peek(std::ptr::null());
            }
        });
        if method == Method::Userfault && seen.status == 99 {
            continue; // not allowed here
        }
        assert_eq!((seen.signal, seen.status), (0, 0), "{method:?}: {}", seen.text());
        assert!(seen.says("use after free") && seen.says("write()"), "{method:?}: {}", seen.text());
    }
}

#[test]
fn a_thread_of_the_library_itself_is_told_apart() {
    extern "C" fn touch(block: *mut c_void) -> *mut c_void {
        peek(block.cast());
        block
    }
    let seen = in_child(false, |guard| {
        guard.begin(3, 0);
        let block = malloc(40);
        free(block);
        let mut thread = 0;
        create_thread(&raw mut thread, touch, block);
        // SAFETY: the call waits.
        unsafe { libc::sleep(60) };
    });
    assert!(is_fault(seen.signal), "{}", seen.text());
    assert_eq!(
        seen.records[0][seen.records[0].len() - 3..],
        [0x92, 3, 0xFF],
        "a thread of the library's own, in step 3"
    );
}

#[test]
fn an_exhausted_stack_does_not_hide_the_fault() {
    /// More than is left for a frame here, less than the kernel needs for the state of the processor.
    const LEFT: usize = 3000;

    /// The lowest address of this thread's stack.
    fn lowest() -> usize {
        // SAFETY: the structure is numbers: all zeros is a value.
        let mut about = unsafe { std::mem::zeroed::<libc::pthread_attr_t>() };
        let (mut start, mut size) = (std::ptr::null_mut(), 0);
        // SAFETY: the call reads a register.
        let me = unsafe { libc::pthread_self() };
        // SAFETY: the call fills in the structure.
        unsafe { libc::pthread_getattr_np(me, &raw mut about) };
        // SAFETY: it was filled in.
        unsafe { libc::pthread_attr_getstack(&raw const about, &raw mut start, &raw mut size) };
        start.addr()
    }

    #[inline(never)]
    fn deeper(block: *const u8, limit: usize, depth: usize) -> u8 {
        let room = [depth; 20];
        let low = std::hint::black_box(&room).as_ptr().addr();
        if low < limit { peek(block) } else { deeper(block, limit, depth + 1).wrapping_add(1) }
    }

    extern "C" fn dive(block: *mut c_void) -> *mut c_void {
        deeper(block.cast(), lowest() + LEFT, 0);
        block
    }
    let seen = in_child(false, |_| {
        let block = malloc(40);
        free(block);
        let mut thread = 0;
        create_thread(&raw mut thread, dive, block);
        // SAFETY: the call waits.
        unsafe { libc::sleep(60) };
    });
    assert!(is_fault(seen.signal) && seen.says("use after free"), "{}", seen.text());
}

#[test]
fn stacks_come_after_the_record_with_what_resolves_them() {
    let seen = in_child(true, |_| {
        let block = malloc(72);
        free(block);
        peek(block);
    });
    assert!(is_fault(seen.signal), "{}", seen.text());
    let letters: Vec<u8> = seen.records.iter().map(|each| each[2]).collect();
    assert_eq!(letters.first(), Some(&b'V'));
    let stacks: Vec<&u8> = letters.iter().filter(|letter| **letter == b'N').collect();
    assert_eq!(stacks.len(), 3, "made, freed, touched");
    assert!(letters.contains(&b'M'));
}

fn munmap(start: *mut u8, length: usize) {
    // SAFETY: the table's function of this name has this type.
    let call = unsafe { std::mem::transmute::<*const (), extern "C" fn(*mut u8, usize) -> c_int>(function(c"munmap")) };
    assert_eq!(call(start, length), 0);
}

fn mmap(length: usize) -> *mut u8 {
    type Map = extern "C" fn(*mut u8, usize, c_int, c_int, c_int, i64) -> *mut u8;
    // SAFETY: the table's function of this name has this type.
    let call = unsafe { std::mem::transmute::<*const (), Map>(function(c"mmap")) };
    let access = libc::PROT_READ | libc::PROT_WRITE;
    call(std::ptr::null_mut(), length, access, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, -1, 0)
}

#[test]
fn a_mapping_that_was_given_back_is_told_by_its_steps_though_others_came() {
    let seen = in_child(false, |guard| {
        guard.rest(1, 0);
        let start = mmap(8192);
        poke(start);
        guard.rest(2, 1);
        munmap(start, 8192);
        guard.rest(3, 0);
        for _ in 0..100 {
            poke(mmap(8192));
        }
        peek(start.wrapping_add(5000));
    });
    assert!(is_fault(seen.signal), "{}", seen.text());
    let mut expected = vec![0x98, 0xA1, b'V', 0xAF];
    expected.extend(b"use after unmap\xA4read");
    expected.extend([0xCD, 0x13, 0x88, 0xCD, 0x20, 0, 0x92, 1, 0, 0x92, 2, 1, 0x92, 3, 0]);
    assert_eq!(seen.records, [expected]);
}

#[test]
fn other_faults_are_sorted_by_their_address() {
    let null = in_child(false, |_| {
        peek(std::ptr::without_provenance(0x68));
    });
    let wild = in_child(false, |_| {
        peek(std::ptr::without_provenance(0x5555_0000_0000_0000));
    });
    assert!(is_fault(null.signal) && null.says("null pointer"), "{}", null.text());
    assert!(is_fault(wild.signal) && wild.says("wild pointer"), "{}", wild.text());
}

#[test]
fn steps_inside_steps_end_in_order_and_however_deep() {
    let seen = in_child(false, |guard| {
        guard.rest(-5, 0);
        for step in 1..40 {
            guard.begin(step, 0);
        }
        for _ in 3..40 {
            guard.end();
        }
        let block = malloc(72); // in step 2, inside step 1
        guard.end();
        free(block);
        guard.end();
        peek(block);
    });
    let moments = [0x92, 2, 0, 0x92, 1, 0, 0x92, 0xFB, 0];
    assert!(seen.records[0].ends_with(&moments), "{:?}", seen.records);
}

#[test]
fn what_is_allocated_between_steps_is_not_guarded() {
    let seen = in_child(false, |guard| {
        guard.rest(-5, 0);
        let block = malloc(72);
        guard.begin(1, 0);
        free(malloc(72));
        free(block);
        if guard.counts().allocated != 1 {
            peek(std::ptr::null());
        }
    });
    assert_eq!((seen.signal, seen.status), (0, 0), "{}", seen.text());
}

#[test]
fn what_is_left_is_counted_by_the_step_that_made_it() {
    let seen = in_child(false, |guard| {
        guard.begin(1, 0);
        malloc(10);
        guard.next_program();
        guard.begin(4, 0);
        malloc(30);
        malloc(50);
        free(malloc(70));
        let left = guard.left();
        let good = matches!(left.as_slice(), [only] if (only.made.step(), only.blocks, only.bytes) == (4, 2, 80));
        if !good {
            peek(std::ptr::null());
        }
    });
    assert_eq!((seen.signal, seen.status), (0, 0), "{}", seen.text());
}
