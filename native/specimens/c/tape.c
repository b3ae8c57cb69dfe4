/* tape: the native half of tape.py, driven by ctypes with the GIL held.
 * Class      MAD-09 resurrection.
 * Mechanism  (in tape.py) weakref.finalize frees the native half; methods ask only whether close() was called. The
 *            callbacks of weak references run before finalizers: a tape that a finalizer gives back is freed and
 *            does not know it. The fixed twin asks the finalizer.
 * Program    open; resurrect; position       Threads 1       Known minimum 3 steps
 * Model      https://github.com/shapely/shapely/pull/538 (a destructor that must expect to run and the object to come back) */
#include <stdlib.h>

struct tape {
    long position;
    char reel[240];
};
static long alive;

long tape_alive(void) { return alive; }

struct tape *tape_open(void) {
    struct tape *tape = calloc(1, sizeof *tape);
    if (tape != NULL) alive++;
    return tape;
}

long tape_wind(struct tape *tape, long by) { return tape->position += by; }

void tape_free(struct tape *tape) {
    alive--;
    free(tape);
}
