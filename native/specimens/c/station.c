/* station: the native half of station.py, driven by ctypes with the GIL held: radio channels of a library that can be shut down and started.
 * Class      MAD-26 re-initialisation of the runtime.
 * Mechanism  channels are numbers into a table that begins afresh with each start. A number of the first life is valid in the second
 *            and means somebody else's channel. The fixed twin (in station.py) keeps the number of the life beside it.
 * Program    tune; restart; tune; frequency of the first       Threads 1       Known minimum 4 steps
 * Model      https://github.com/jhugman/uniffi-bindgen-react-native/pull/470 (handles from a dead runtime must never collide with live ones) */
#include <string.h>

#define MOST 256
static long frequencies[MOST];
static long used, life = 1;

long station_life(void) { return life; }

long station_alive(void) {
    long count = 0;
    for (long at = 0; at < used; at++) count += frequencies[at] != 0;
    return count;
}

/* The number of a new channel; -1 when there is no room. */
long station_tune(long frequency) {
    for (long at = 0; at < used; at++) {
        if (frequencies[at] == 0) {
            frequencies[at] = frequency;
            return at;
        }
    }
    if (used == MOST) return -1;
    frequencies[used] = frequency;
    return used++;
}

/* 0 for a number that is not in use. */
long station_frequency(long channel) { return channel >= 0 && channel < used ? frequencies[channel] : 0; }

void station_leave(long channel) {
    if (channel >= 0 && channel < used) frequencies[channel] = 0;
}

void station_restart(void) {
    memset(frequencies, 0, sizeof frequencies);
    used = 0;
    life++;
}
