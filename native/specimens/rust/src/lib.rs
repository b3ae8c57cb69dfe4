//! Specimens in Rust: each file is one small library with one planted bug. It is compiled twice,
//! as `<name>_bug` and `<name>_fixed`, with the constant `FIXED` as the only difference.

use pyo3::prelude::*;
use pyo3::types::PyModule;

mod window;
pub(crate) use window::window;

/// Native objects alive in one twin of one specimen: its ledger.
pub(crate) struct Ledger(std::sync::atomic::AtomicIsize);

impl Ledger {
    const fn new() -> Self {
        Self(std::sync::atomic::AtomicIsize::new(0))
    }
    fn add(&self, count: isize) {
        self.0.fetch_add(count, std::sync::atomic::Ordering::SeqCst);
    }
    fn alive(&self) -> isize {
        self.0.load(std::sync::atomic::Ordering::SeqCst)
    }
}

macro_rules! specimens {
    ($($bug:ident $fixed:ident $file:literal),* $(,)?) => {
        $(
            mod $bug {
                const FIXED: bool = false;
                include!($file);
            }
            mod $fixed {
                const FIXED: bool = true;
                include!($file);
            }
        )*

        #[pymodule]
        fn spec_rust(module: &Bound<'_, PyModule>) -> PyResult<()> {
            $(
                let twin = PyModule::new(module.py(), stringify!($bug))?;
                $bug::fill(&twin)?;
                module.add_submodule(&twin)?;
                let twin = PyModule::new(module.py(), stringify!($fixed))?;
                $fixed::fill(&twin)?;
                module.add_submodule(&twin)?;
            )*
            Ok(())
        }
    };
}

specimens! {
    dataset_bug dataset_fixed "dataset.rs",
    stream_bug stream_fixed "stream.rs",
    watcher_bug watcher_fixed "watcher.rs",
    label_bug label_fixed "label.rs",
    vector_bug vector_fixed "vector.rs",
    lease_bug lease_fixed "lease.rs",
    ring_bug ring_fixed "ring.rs",
    environment_bug environment_fixed "environment.rs",
    tunnel_bug tunnel_fixed "tunnel.rs",
    gauge_bug gauge_fixed "gauge.rs",
    slabs_bug slabs_fixed "slabs.rs",
    holder_bug holder_fixed "holder.rs",
    workers_bug workers_fixed "workers.rs",
    engineroom_bug engineroom_fixed "engineroom.rs",
    canvas_bug canvas_fixed "canvas.rs",
    planner_bug planner_fixed "planner.rs",
    porter_bug porter_fixed "porter.rs",
    bell_bug bell_fixed "bell.rs",
    capture_bug capture_fixed "capture.rs",
    postbox_bug postbox_fixed "postbox.rs",
}
