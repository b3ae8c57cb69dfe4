/* recycler: the native half of recycler.py, driven by ctypes with the GIL held.
 * Class      MAD-09 resurrection after native destruction.
 * Mechanism  (in recycler.py) __del__ frees the native block and then puts the dying wrapper itself
 *            back on the pool's list, from where take() hands it out again.
 * Program    create a pool, take, drop the block, take, size      Threads 1
 *            Known minimum 5 steps (the drop counted)
 * Model      https://github.com/pypy/pypy/issues/2287 (a resurrected array.array crashes) */
#include <stdlib.h>
#include <string.h>

struct block {
    long size;
    char bytes[120];
};
static long alive;

long recycler_alive(void) { return alive; }

struct block *block_new(void) {
    struct block *block = calloc(1, sizeof *block);
    if (block == NULL) return NULL;
    block->size = sizeof block->bytes;
    alive++;
    return block;
}

long block_size(const struct block *block) { return block->size; }

void block_wipe(struct block *block) { memset(block->bytes, 0, sizeof block->bytes); }

void block_free(struct block *block) {
    alive--;
    free(block);
}
