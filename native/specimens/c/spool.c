/* spool: the native half of spool.py, driven by ctypes with the GIL held: print jobs in a spool of the library.
 * Class      MAD-10 native teardown order.
 * Mechanism  (in spool.py) the wrapper has the spool freed by atexit; jobs that are still alive are finalized later and take
 *            themselves out of a spool that is gone. The fixed twin keeps the spool until its last job has left.
 * Program    submit, interpreter exit with the job alive       Threads 1       Known minimum 1 step
 * Model      https://github.com/apache/arrow/issues/38626 (finalized before its last user) */
#include <stdlib.h>

struct job {
    struct job *next, **place;
    long pages;
};
struct spool {
    struct job *first;
    long starts; /* one for each interpreter */
    long jobs;
    int stopping;
    char paper[4000];
};
static struct spool *spool;
static long alive;

long spool_alive(void) { return alive; }

void spool_start(void) {
    if (spool == NULL) spool = calloc(1, sizeof *spool);
    if (spool != NULL) spool->starts++;
}

static void end(void) {
    spool->first = NULL;
    free(spool);
    spool = NULL;
}

void spool_stop(void) {
    if (spool == NULL || --spool->starts > 0) return;
#if FIXED
    spool->stopping = 1;
    if (spool->jobs > 0) return; /* the last job to leave ends it */
#endif
    end();
}

/* NULL once the library is being stopped. */
struct job *spool_submit(void) {
    if (spool == NULL || spool->stopping) return NULL;
    struct job *job = calloc(1, sizeof *job);
    if (job == NULL) return NULL;
    job->next = spool->first;
    job->place = &spool->first;
    if (job->next != NULL) job->next->place = &job->next;
    spool->first = job;
    spool->jobs++;
    alive++;
    return job;
}

long spool_print(struct job *job) { return ++job->pages; }

void spool_leave(struct job *job) {
    *job->place = job->next;
    if (job->next != NULL) job->next->place = job->place;
    free(job);
    alive--;
    spool->jobs--;
#if FIXED
    if (spool->stopping && spool->jobs == 0) end();
#endif
}
