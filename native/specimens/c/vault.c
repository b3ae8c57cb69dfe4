/* vault: the native half of vault.py: coins under one lock of the library's own, called without the GIL.
 * Class      MAD-28 fork with live handles and threads.
 * Mechanism  a fork copies the lock as it is. If a thread is inside put(), it stays locked in the child for ever. The fixed twin
 *            takes the lock for the fork and lets go of it on both sides (pthread_atfork).
 * Program    open; put on one thread, fork on another, in the child: put       Threads 2       Known minimum 4 steps
 * Model      https://github.com/grpc/grpc/issues/22624 (a lock that a thread held at the fork) */
#include "window.h"
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

struct vault {
    long *coins;
    long count;
};
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long alive;

#if FIXED
static void take(void) { pthread_mutex_lock(&lock); }
static void let_go(void) { pthread_mutex_unlock(&lock); }
__attribute__((constructor)) static void prepare(void) { pthread_atfork(take, let_go, let_go); }
#endif

long vault_alive(void) { return __atomic_load_n(&alive, __ATOMIC_SEQ_CST); }

struct vault *vault_open(void) {
    struct vault *vault = calloc(1, sizeof *vault);
    if (vault == NULL || (vault->coins = malloc(sizeof *vault->coins)) == NULL) abort();
    __atomic_add_fetch(&alive, 1, __ATOMIC_SEQ_CST);
    return vault;
}

/* How many coins there are now. */
long vault_put(struct vault *vault, long coin) {
    pthread_mutex_lock(&lock);
    long *coins = malloc((vault->count + 1) * sizeof *coins);
    if (coins == NULL) abort();
    for (long at = 0; at < vault->count; at++) coins[at] = vault->coins[at];
    coins[vault->count++] = coin;
    window();
    free(vault->coins);
    vault->coins = coins;
    long count = vault->count;
    pthread_mutex_unlock(&lock);
    return count;
}

/* What a script sets as the hook of the window: Python must not run under the lock, for a fork waits for it with the GIL. */
void vault_doze(void) { usleep(200000); }

/* Nobody uses the vault, and nobody will. */
void vault_free(struct vault *vault) {
    free(vault->coins);
    free(vault);
    __atomic_sub_fetch(&alive, 1, __ATOMIC_SEQ_CST);
}
