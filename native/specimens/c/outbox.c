/* outbox: messages on their way, and a flush() that waits until there are none; without the GIL.
 * Class      MAD-22, its kin without the GIL: a wake-up that is lost.
 * Mechanism  flush() asks with the lock held whether anything is on its way, unlocks, and locks again
 *            to wait. The last message may arrive in between: its signal reaches nobody, and no other
 *            will come. The fixed twin asks again under the lock with which it waits.
 * Program    open; send on one thread, flush on another       Threads 2       Known minimum 3 steps
 * Model      https://github.com/microsoft/onnxruntime/pull/157 (a signal between test and wait) */
#include "window.h"
#include <pthread.h>
#include <stdlib.h>

struct outbox {
    pthread_mutex_t lock;
    pthread_cond_t idle;
    long on_their_way, sent;
};
static long alive;

long outbox_alive(void) { return __atomic_load_n(&alive, __ATOMIC_SEQ_CST); }

struct outbox *outbox_open(void) {
    struct outbox *outbox = calloc(1, sizeof *outbox);
    if (outbox == NULL) abort();
    pthread_mutex_init(&outbox->lock, NULL);
    pthread_cond_init(&outbox->idle, NULL);
    __atomic_add_fetch(&alive, 1, __ATOMIC_SEQ_CST);
    return outbox;
}

/* Adds to what is on its way; how much that is now. */
static long add(struct outbox *outbox, long count) {
    pthread_mutex_lock(&outbox->lock);
    long left = outbox->on_their_way += count;
    if (count < 0) outbox->sent++;
    if (count < 0 && left == 0) pthread_cond_broadcast(&outbox->idle);
    pthread_mutex_unlock(&outbox->lock);
    return left;
}

void outbox_send(struct outbox *outbox) {
    add(outbox, 1);
    window();
    add(outbox, -1);
}

void outbox_flush(struct outbox *outbox) {
#if !FIXED
    if (add(outbox, 0) == 0) return;
#endif
    window();
    pthread_mutex_lock(&outbox->lock);
#if FIXED
    while (outbox->on_their_way > 0)
#endif
        pthread_cond_wait(&outbox->idle, &outbox->lock);
    pthread_mutex_unlock(&outbox->lock);
}

void outbox_free(struct outbox *outbox) {
    pthread_cond_destroy(&outbox->idle);
    pthread_mutex_destroy(&outbox->lock);
    __atomic_sub_fetch(&alive, 1, __ATOMIC_SEQ_CST);
    free(outbox);
}
