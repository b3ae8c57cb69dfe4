/* scanner: scans on a thread of its own, which tells Python what it has found.
 * Class      MAD-18 dispose while in use, by the library's own thread.
 * Mechanism  the thread says that the scanner is idle before it delivers its last find; close() on
 *            another thread waits for no more than that, and frees. The fixed twin delivers first.
 * Program    open; scan on one thread, close on another       Threads 2       Known minimum 3 steps
 * Model      https://github.com/saghul/pycares/pull/310 (a channel destroyed with answers to come) */
#include "window.h"
#include <pthread.h>
#include <stdlib.h>

struct scanner {
    pthread_mutex_t lock;
    pthread_cond_t idle;
    long scans;
    long *volatile answer; /* cleared at the end, which no compiler may leave out */
};
struct scan {
    struct scanner *scanner;
    void (*found)(long);
};
static long alive;

long scanner_alive(void) { return __atomic_load_n(&alive, __ATOMIC_SEQ_CST); }

struct scanner *scanner_open(long answer) {
    struct scanner *scanner = calloc(1, sizeof *scanner);
    if (scanner == NULL || (scanner->answer = malloc(sizeof answer)) == NULL) abort();
    *scanner->answer = answer;
    pthread_mutex_init(&scanner->lock, NULL);
    pthread_cond_init(&scanner->idle, NULL);
    __atomic_add_fetch(&alive, 1, __ATOMIC_SEQ_CST);
    return scanner;
}

/* One scan more, or less. Called with the GIL held too: nobody waits for the GIL with this lock. */
void scanner_count(struct scanner *scanner, long count) {
    pthread_mutex_lock(&scanner->lock);
    scanner->scans += count;
    if (scanner->scans == 0) pthread_cond_broadcast(&scanner->idle);
    pthread_mutex_unlock(&scanner->lock);
}

static void *work(void *context) {
    struct scan *scan = context;
    struct scanner *scanner = scan->scanner;
    if (!FIXED) scanner_count(scanner, -1);
    window();
    scan->found(*scanner->answer);
    if (FIXED) scanner_count(scanner, -1);
    return NULL;
}

/* One scan, announced by scanner_count before the GIL went. */
void scanner_scan(struct scanner *scanner, void (*found)(long)) {
    struct scan scan = {scanner, found};
    pthread_t thread;
    if (pthread_create(&thread, NULL, work, &scan) != 0) abort();
    pthread_join(thread, NULL);
}

void scanner_close(struct scanner *scanner) {
    pthread_mutex_lock(&scanner->lock);
    while (scanner->scans > 0) pthread_cond_wait(&scanner->idle, &scanner->lock);
    pthread_mutex_unlock(&scanner->lock);
    pthread_cond_destroy(&scanner->idle);
    pthread_mutex_destroy(&scanner->lock);
    free(scanner->answer);
    scanner->answer = NULL;
    __atomic_sub_fetch(&alive, 1, __ATOMIC_SEQ_CST);
    free(scanner);
}
