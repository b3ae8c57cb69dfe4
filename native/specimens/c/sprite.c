/* sprite: the native half of sprite.py, driven by ctypes with the GIL held: pictures in a list of the thread that made them.
 * Class      MAD-20 wrong-thread access or drop.
 * Mechanism  a sprite can be taken out of its list by its own thread only; elsewhere sprite_free() says so and does nothing.
 *            sprite.py's __del__ does not look at the answer: dropped on another thread, a sprite is never freed. In the
 *            fixed twin there is one list for all threads.
 * Program    make one on another thread; the main thread drops it       Threads 2       Known minimum 1 step
 * Model      https://github.com/petercorke/robotics-toolbox-python/issues/552 (a leak only of what a background thread made) */
#include <stdlib.h>

struct sprite {
    struct sprite *previous, *next;
    long owner, moves;
};
static long alive, threads;
static __thread long me;
#if FIXED
static struct sprite *sprites;
#else
static __thread struct sprite *sprites;
#endif

static long caller(void) {
    if (me == 0) me = ++threads;
    return me;
}

long sprite_alive(void) { return alive; }

struct sprite *sprite_new(void) {
    struct sprite *sprite = calloc(1, sizeof *sprite);
    if (sprite == NULL) abort();
    sprite->owner = caller();
    sprite->next = sprites;
    if (sprites != NULL) sprites->previous = sprite;
    sprites = sprite;
    alive++;
    return sprite;
}

long sprite_move(struct sprite *sprite) { return ++sprite->moves; }

/* 0, or -1 where it belongs to another thread. */
int sprite_free(struct sprite *sprite) {
    if (!FIXED && sprite->owner != caller()) return -1;
    if (sprite->next != NULL) sprite->next->previous = sprite->previous;
    if (sprite->previous != NULL) sprite->previous->next = sprite->next;
    else sprites = sprite->next;
    alive--;
    free(sprite);
    return 0;
}
