/* pool: the native half of pool.py: a worker thread of the library's own serves what is submitted.
 * Class      MAD-28 fork with live handles and threads.
 * Mechanism  submit() hands a number to the worker and waits for the answer. In a forked child there is no worker:
 *            submit() waits for ever. The fixed twin remembers the process and fails where it is another one.
 * Program    open; fork, and in the child: submit       Threads 1 (and one of the library's)       Known minimum 3 steps
 * Model      https://github.com/grpc/grpc/issues/31885 (a thread pool that hangs after a fork) */
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

struct pool {
    pthread_t worker;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int asked, answered, stop;
    long number;
    pid_t home;
};
static long alive;

long pool_alive(void) { return __atomic_load_n(&alive, __ATOMIC_SEQ_CST); }

static void *serve(void *given) {
    struct pool *pool = given;
    pthread_mutex_lock(&pool->lock);
    while (!pool->stop) {
        if (pool->asked) {
            pool->asked = 0;
            pool->number *= 2;
            pool->answered = 1;
            pthread_cond_broadcast(&pool->changed);
        } else {
            pthread_cond_wait(&pool->changed, &pool->lock);
        }
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

struct pool *pool_open(void) {
    struct pool *pool = calloc(1, sizeof *pool);
    if (pool == NULL) return NULL;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->changed, NULL);
    pool->home = getpid();
    if (pthread_create(&pool->worker, NULL, serve, pool) != 0) {
        free(pool);
        return NULL;
    }
    __atomic_add_fetch(&alive, 1, __ATOMIC_SEQ_CST);
    return pool;
}

/* Twice the number; -1 in a process that did not open the pool. Called without the GIL, by one thread at a time. */
long pool_submit(struct pool *pool, long number) {
#if FIXED
    if (pool->home != getpid()) return -1;
#endif
    pthread_mutex_lock(&pool->lock);
    pool->number = number;
    pool->answered = 0;
    pool->asked = 1;
    pthread_cond_broadcast(&pool->changed);
    while (!pool->answered) pthread_cond_wait(&pool->changed, &pool->lock);
    long answer = pool->number;
    pthread_mutex_unlock(&pool->lock);
    return answer;
}

/* Both twins know that there is nobody to be joined in a forked child. */
void pool_close(struct pool *pool) {
    if (pool->home == getpid()) {
        pthread_mutex_lock(&pool->lock);
        pool->stop = 1;
        pthread_cond_broadcast(&pool->changed);
        pthread_mutex_unlock(&pool->lock);
        pthread_join(pool->worker, NULL);
        pthread_cond_destroy(&pool->changed);
        pthread_mutex_destroy(&pool->lock);
    }
    __atomic_sub_fetch(&alive, 1, __ATOMIC_SEQ_CST);
    free(pool);
}
