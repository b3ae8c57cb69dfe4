/* timer: the native half of timer.py, driven by ctypes with the GIL held.
 * Class      MAD-13 callback after its target died.
 * Mechanism  (in timer.py) the ctypes thunk made for the callback is kept by nobody.
 * Program    create, on_tick(callback), tick       Threads 1       Known minimum 3 steps
 * Model      https://github.com/tdlib/td/issues/3652 (ctypes callback collected while in use) */
#include <stdlib.h>

typedef long (*tick_function)(long);
struct timer {
    tick_function on_tick;
    long ticks;
    char name[80];
};
static long alive;

long timer_alive(void) { return alive; }

struct timer *timer_new(void) {
    struct timer *timer = calloc(1, sizeof *timer);
    if (timer != NULL) alive++;
    return timer;
}

void timer_on_tick(struct timer *timer, tick_function on_tick) { timer->on_tick = on_tick; }

/* The timer may be gone when the function comes back: nothing of it is touched then. */
long timer_tick(struct timer *timer) {
    long tick = ++timer->ticks;
    tick_function on_tick = timer->on_tick;
    return on_tick == NULL ? tick : on_tick(tick);
}

void timer_free(struct timer *timer) {
    alive--;
    free(timer);
}
