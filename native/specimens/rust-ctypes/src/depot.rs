// depot: the native half of depot.py: boxes of numbers in a library that is started at import and stopped at exit.
// Class      MAD-27 sub-interpreters.
// Mechanism  (with depot.py) every interpreter stops the library at its end, the second one too, while the first one still
//            has boxes in it. The fixed twin stops when the last of those that started it does.
// Program    open; a second interpreter comes and goes; put       Threads 1       Known minimum 3 steps
// Model      https://github.com/PyO3/pyo3/issues/576 (state of the process, touched by the end of any interpreter)

use crate::FIXED;
use std::collections::HashMap;
use std::sync::Mutex;

struct Depot {
    boxes: HashMap<i64, i64>,
    made: i64,
    starts: i64,
}

static DEPOT: Mutex<Option<Depot>> = Mutex::new(None);

#[unsafe(no_mangle)]
extern "C" fn depot_start() {
    let mut depot = DEPOT.lock().unwrap();
    depot.get_or_insert_with(|| Depot { boxes: HashMap::new(), made: 0, starts: 0 }).starts += 1;
}

#[unsafe(no_mangle)]
extern "C" fn depot_stop() {
    let mut depot = DEPOT.lock().unwrap();
    if let Some(running) = depot.as_mut() {
        running.starts -= 1;
        if FIXED && running.starts > 0 {
            return;
        }
    }
    *depot = None;
}

#[unsafe(no_mangle)]
extern "C" fn depot_alive() -> i64 {
    DEPOT.lock().unwrap().as_ref().map_or(0, |depot| depot.boxes.len() as i64)
}

/// A new box; 0 when the library is stopped.
#[unsafe(no_mangle)]
extern "C" fn depot_open() -> i64 {
    let mut depot = DEPOT.lock().unwrap();
    let Some(depot) = depot.as_mut() else { return 0 };
    depot.made += 1;
    depot.boxes.insert(depot.made, 0);
    depot.made
}

/// The sum in the box, which is open: the caller knows.
#[unsafe(no_mangle)]
extern "C" fn depot_put(number: i64, value: i64) -> i64 {
    let mut depot = DEPOT.lock().unwrap();
    let sum = depot.as_mut().unwrap().boxes.get_mut(&number).unwrap();
    *sum += value;
    *sum
}

#[unsafe(no_mangle)]
extern "C" fn depot_close(number: i64) {
    if let Some(depot) = DEPOT.lock().unwrap().as_mut() {
        depot.boxes.remove(&number);
    }
}
