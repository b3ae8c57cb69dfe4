/* pager: the native half of pager.py: calls back from a thread of its own.
 * Class      MAD-30 callback on a foreign thread.
 * Mechanism  (in pager.py) the callback completes a future of the event loop on the native thread: the loop's list is
 *            touched from outside, and nobody wakes the loop, which sleeps on. The fixed twin posts to the loop.
 * Program    make, page       Threads 1 (and the library's own)       Known minimum 2 steps
 * Model      https://github.com/breez/spark-sdk/pull/666 (async completion on a foreign thread) */
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

struct page {
    pthread_t thread;
    void (*done)(long);
};
static long alive;

long pager_alive(void) { return __atomic_load_n(&alive, __ATOMIC_SEQ_CST); }

static void *ring(void *given) {
    struct page *page = given;
    usleep(500);
    page->done(1);
    return NULL;
}

struct page *pager_start(void (*done)(long)) {
    struct page *page = calloc(1, sizeof *page);
    if (page == NULL) abort();
    page->done = done;
    __atomic_add_fetch(&alive, 1, __ATOMIC_SEQ_CST);
    if (pthread_create(&page->thread, NULL, ring, page)) abort();
    return page;
}

/* Waits until it has called back; without the GIL. */
void pager_join(struct page *page) {
    pthread_join(page->thread, NULL);
    __atomic_sub_fetch(&alive, 1, __ATOMIC_SEQ_CST);
    free(page);
}
