/* series: the native half of series.py, driven by ctypes with the GIL held.
 * Class      MAD-17 exception at the boundary (swallowed in a callback).
 * Mechanism  (in series.py) the callback's exception ends in ctypes, which prints it and answers 0;
 *            the fold goes on with that.
 * Program    create, fold { raise }       Threads 1       Known minimum 2 steps
 * Model      https://github.com/NiklasRosenstein/myo-python/issues/31 (callback exception lost) */
#include <stdlib.h>

#define VALUES 4
typedef long (*weigh_function)(long);
struct series {
    long values[VALUES];
};
static long alive;

long series_alive(void) { return alive; }

struct series *series_new(void) {
    struct series *series = calloc(1, sizeof *series);
    if (series == NULL) return NULL;
    for (long i = 0; i < VALUES; i++) series->values[i] = i + 1;
    alive++;
    return series;
}

long series_fold(const struct series *series, weigh_function weigh) {
    long sum = 0;
    for (long i = 0; i < VALUES; i++) sum += series->values[i] * weigh(i);
    return sum;
}

void series_free(struct series *series) {
    alive--;
    free(series);
}
