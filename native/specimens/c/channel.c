/* channel: the native half of channel.py, driven by ctypes with the GIL held.
 * Class      MAD-02 double free.
 * Mechanism  (in channel.py) __del__ frees without asking whether close() already did.
 * Program    open, close; the last reference goes       Threads 1       Known minimum 2 steps
 * Model      https://github.com/dmlc/xgboost/issues/2533 (DMatrix.__del__ not idempotent) */
#include <stdlib.h>

struct channel {
    long sent;
    char window[96];
};
static long alive;

long channel_alive(void) { return alive; }

struct channel *channel_open(void) {
    struct channel *channel = calloc(1, sizeof *channel);
    if (channel != NULL) alive++;
    return channel;
}

long channel_send(struct channel *channel) { return ++channel->sent; }

void channel_free(struct channel *channel) {
    alive--;
    free(channel);
}
