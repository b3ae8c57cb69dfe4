// slabs: pieces of native memory that can be released, used in every way that memory is used. As `blocks`, in Rust.
// Class      MAD-01 use after dispose (by `kind` it shows as a read, a write, a second free, a system call …).
// Mechanism  release() drops the node and keeps the raw pointer; use() does not ask.
// Program    make a slab, release it, use it    Threads 1    Known minimum 3 steps
// Model      https://github.com/duckdb/duckdb/issues/5560 (use of a closed connection)

use crate::Ledger;
use pyo3::exceptions::{PyOSError, PyValueError};
use pyo3::prelude::*;
use std::alloc::{Layout, alloc, dealloc, realloc};
use std::sync::Mutex;

static LEDGER: Ledger = Ledger::new();

const KINDS: [&str; 12] = [
    "read", "write", "free", "one_call", "reused_read", "reused_write", "reused_free", "copy", "system_call", "resized",
    "other_thread", "churned",
];
const SMALL: usize = 72;
const LARGE: usize = 100_000;

/// Where the node is, and others that were made after it.
struct State {
    node: *mut i64,
    released: bool,
    others: Vec<Box<[u8; SMALL]>>,
}

// SAFETY: the memory belongs to no thread, and the lock admits one at a time.
unsafe impl Send for State {}

#[pyclass(frozen)]
struct Slab {
    kind: &'static str,
    state: Mutex<State>,
}

unsafe extern "C" {
    fn pipe(ends: *mut i32) -> i32;
    fn write(fd: i32, from: *const i64, count: usize) -> isize;
    fn close(fd: i32) -> i32;
}

impl Slab {
    fn layout(&self) -> Layout {
        let size = if self.kind == "system_call" { LARGE } else { SMALL };
        Layout::from_size_align(size, 8).expect("a size")
    }

    /// # Safety
    /// `node` is live.
    unsafe fn free(&self, node: *mut i64) {
        // SAFETY: it was allocated with this layout.
        unsafe { dealloc(node.cast(), self.layout()) };
    }

    fn let_go(&self, state: &mut State) {
        let node = state.node;
        state.released = true;
        LEDGER.add(-1);
        if FIXED {
            state.node = std::ptr::null_mut();
        }
        // SAFETY: the node is live: nothing was released before. (In the wrong twin its address outlives it.)
        unsafe {
            match self.kind {
                "one_call" if !FIXED => {}
                "resized" => {
                    let moved = realloc(node.cast(), self.layout(), 4000);
                    dealloc(moved, Layout::from_size_align(4000, 8).expect("a size"));
                }
                "other_thread" => {
                    let (address, layout) = (node as usize, self.layout());
                    let thread = std::thread::spawn(move || dealloc(address as *mut u8, layout));
                    thread.join().expect("it only frees");
                }
                _ => self.free(node),
            }
        }
        if self.kind == "churned" {
            for _ in 0..5000 {
                let mut chunk = Vec::<u8>::with_capacity(65_536);
                chunk.push(1);
                std::hint::black_box(&chunk);
            }
        }
        if self.kind.starts_with("reused") || self.kind == "churned" {
            state.others = (0..64).map(|_| Box::new([0x11; SMALL])).collect();
        }
    }
}

#[pymethods]
impl Slab {
    #[new]
    #[pyo3(signature = (kind="read"))]
    fn new(kind: &str) -> PyResult<Self> {
        let Some(kind) = KINDS.into_iter().find(|each| *each == kind) else {
            return Err(PyValueError::new_err("no such kind"));
        };
        let state = State { node: std::ptr::null_mut(), released: false, others: Vec::new() };
        let slab = Self { kind, state: Mutex::new(state) };
        // SAFETY: the size is not zero.
        let node = unsafe { alloc(slab.layout()) }.cast::<i64>();
        // SAFETY: the node is new and longer than this.
        unsafe { node.write_bytes(0x78, slab.layout().size() / 8) };
        slab.state.lock().unwrap().node = node;
        LEDGER.add(1);
        Ok(slab)
    }

    fn release(&self) {
        let mut state = self.state.lock().unwrap();
        if !state.released {
            self.let_go(&mut state);
        }
    }

    #[pyo3(name = "use")]
    fn use_it(&self) -> PyResult<i64> {
        let state = self.state.lock().unwrap();
        if FIXED && state.released {
            return Err(PyValueError::new_err("slab is released"));
        }
        let node = state.node;
        // SAFETY: the node is live. (In the wrong twin it may not be: that is the bug.)
        unsafe {
            match self.kind {
                "write" | "reused_write" => node.write_volatile(99),
                "free" | "reused_free" if state.released => self.free(node),
                "free" | "reused_free" => {}
                "one_call" if state.released => {
                    self.free(node);
                    return Ok(node.read_volatile());
                }
                "copy" => {
                    let mut copy = [0_i64; SMALL / 8];
                    std::ptr::copy_nonoverlapping(node, copy.as_mut_ptr(), copy.len());
                    return Ok(std::hint::black_box(copy)[0]);
                }
                "system_call" => {
                    let mut ends = [0; 2];
                    if pipe(ends.as_mut_ptr()) != 0 {
                        return Err(PyOSError::new_err("no pipe"));
                    }
                    let written = write(ends[1], node, 4096);
                    let why = std::io::Error::last_os_error();
                    close(ends[0]);
                    close(ends[1]);
                    return if written < 0 { Err(why.into()) } else { Ok(written as i64) };
                }
                _ => return Ok(node.read_volatile()),
            }
        }
        Ok(0)
    }
}

impl Drop for Slab {
    fn drop(&mut self) {
        self.release();
    }
}

#[pyfunction]
fn alive() -> isize {
    LEDGER.alive()
}

pub(crate) fn fill(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Slab>()?;
    module.add("KINDS", KINDS.to_vec())?;
    module.add_function(wrap_pyfunction!(alive, module)?)
}
