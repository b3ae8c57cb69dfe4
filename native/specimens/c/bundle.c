/* bundle: the native half of bundle.py, driven by ctypes with the GIL held: pieces that stay where they are, and their sum.
 * Class      MAD-12 native keeps a borrowed host buffer.
 * Mechanism  (in bundle.py) the library remembers the address of every piece; the wrapper keeps the last one alone.
 * Program    open, add, add, total       Threads 1       Known minimum 4 steps
 * Model      https://github.com/TileDB-Inc/TileDB-VCF/pull/258 (buffers that died before the reader of them) */
#include <stdlib.h>

struct piece {
    struct piece *next;
    const unsigned char *data;
    long size;
};
struct bundle {
    struct piece *pieces;
    long checksum; /* taken when the pieces came */
};
static long alive;

static long sum(const unsigned char *data, long size) {
    long total = 0;
    for (long at = 0; at < size; at++) total += data[at];
    return total;
}

long bundle_alive(void) { return alive; }

struct bundle *bundle_open(void) {
    struct bundle *bundle = calloc(1, sizeof *bundle);
    if (bundle != NULL) alive++;
    return bundle;
}

int bundle_add(struct bundle *bundle, const unsigned char *data, long size) {
    struct piece *piece = malloc(sizeof *piece);
    if (piece == NULL) return -1;
    piece->next = bundle->pieces;
    piece->data = data;
    piece->size = size;
    bundle->pieces = piece;
    bundle->checksum += sum(data, size);
    return 0;
}

long bundle_checksum(struct bundle *bundle) { return bundle->checksum; }

long bundle_total(struct bundle *bundle) {
    long total = 0;
    for (struct piece *piece = bundle->pieces; piece != NULL; piece = piece->next) total += sum(piece->data, piece->size);
    return total;
}

void bundle_free(struct bundle *bundle) {
    for (struct piece *piece = bundle->pieces, *next; piece != NULL; piece = next) {
        next = piece->next;
        free(piece);
    }
    alive--;
    free(bundle);
}
