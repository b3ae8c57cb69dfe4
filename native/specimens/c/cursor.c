/* cursor: the native half of cursor.py, called with the GIL held.
 * Class      MAD-18 dispose while in use: check, then use.
 * Mechanism  (in cursor.py) fetch() asks whether the cursor is open, does one call in Python, and
 *            uses what it saw. Python may change threads there. The fixed twin holds a lock.
 * Program    open; fetch on one thread, close on another      Threads 2      Known minimum 3 steps
 * Model      https://github.com/contentauth/c2pa-python/pull/314 (handle read, closed, used) */
#include <stdlib.h>

struct cursor {
    long kind, flags; /* what an allocator overwrites first */
    long *volatile row; /* cleared at the end, which no compiler may leave out */
};
static long alive;

long cursor_alive(void) { return alive; }

struct cursor *cursor_open(void) {
    struct cursor *cursor = calloc(1, sizeof *cursor);
    if (cursor == NULL || (cursor->row = calloc(1, sizeof *cursor->row)) == NULL) abort();
    alive++;
    return cursor;
}

long cursor_fetch(struct cursor *cursor) { return ++*cursor->row; }

void cursor_close(struct cursor *cursor) {
    free(cursor->row);
    cursor->row = NULL;
    alive--;
    free(cursor);
}
