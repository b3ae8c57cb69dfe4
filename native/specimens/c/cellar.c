/* cellar: the native half of cellar.py, driven by ctypes with the GIL held: casks on one list behind a lock. Before a cask
 *            comes in, Python is asked to let go of those that garbage keeps.
 * Class      MAD-16 self-deadlock in a finalizer that the collector runs inside an operation.
 * Mechanism  it is asked with the list locked; a cask in a garbage cycle is given back there, on the same thread.
 * Program    open, leave it to the collector in a cycle, open       Threads 1       Known minimum 3 steps
 * Model      https://github.com/getsentry/sentry-python/issues/803 (a finalizer runs inside the lock that it takes) */
#include <pthread.h>
#include <stdlib.h>

typedef void (*make_room_function)(void);
struct cask {
    struct cask *next;
    long litres;
};
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct cask *casks;
static long alive;

long cellar_alive(void) { return alive; }

struct cask *cellar_open(make_room_function make_room) {
    struct cask *cask = calloc(1, sizeof *cask);
    if (cask == NULL) return NULL;
#if FIXED
    make_room();
#endif
    pthread_mutex_lock(&lock);
#if !FIXED
    make_room();
#endif
    cask->next = casks;
    casks = cask;
    alive++;
    pthread_mutex_unlock(&lock);
    return cask;
}

long cellar_fill(struct cask *cask) { return ++cask->litres; }

void cellar_free(struct cask *cask) {
    pthread_mutex_lock(&lock);
    struct cask **link = &casks;
    while (*link != cask) link = &(*link)->next;
    *link = cask->next;
    alive--;
    pthread_mutex_unlock(&lock);
    free(cask);
}
