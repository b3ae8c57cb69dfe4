/* slate: the native half of slate.py, driven by ctypes with the GIL held: text in memory that Python provides.
 * Class      MAD-11 export outlives storage.
 * Mechanism  (in slate.py) a view is made from the address of the memory and does not hold it. append() moves the text into
 *            a larger block, and the old one dies under the view. In the fixed twin the view holds its block.
 * Program    create, view, append, head       Threads 1       Known minimum 4 steps
 * Model      https://github.com/wasmerio/wasmer/issues/3516 (a view that is used after the memory grew) */
#include <stdlib.h>
#include <string.h>

struct slate {
    unsigned char *memory;
    long size;
};
static long alive;

long slate_alive(void) { return alive; }

struct slate *slate_new(unsigned char *memory, long size, int fill) {
    struct slate *slate = malloc(sizeof *slate);
    if (slate == NULL) return NULL;
    alive++;
    slate->memory = memset(memory, fill, size);
    slate->size = size;
    return slate;
}

/* Into a larger block, which ends in `fill`. */
void slate_move(struct slate *slate, unsigned char *memory, long size, int fill) {
    memcpy(memory, slate->memory, slate->size);
    memset(memory + slate->size, fill, size - slate->size);
    slate->memory = memory;
    slate->size = size;
}

void slate_free(struct slate *slate) {
    alive--;
    free(slate);
}
