/* voucher: the native half of voucher.py, driven by ctypes with the GIL held. A handle is an address.
 * Class      MAD-03 stale handle after reuse (ABA).
 * Mechanism  (with voucher.py) a voucher that was torn up keeps its address; "is it alive" asks only whether the address is
 *            that of a living voucher, and the next voucher takes the block. The fixed twin's wrapper forgets the address.
 * Program    issue, tear, issue, nonce of the first       Threads 1       Known minimum 4 steps
 * Model      https://github.com/microsoft/mssql-rs/issues/422 (the set of live handles holds addresses) */
#include <stdlib.h>

struct voucher {
    struct voucher *next;
    long nonce;
};
static struct voucher *living, *spare;
static long alive;

long voucher_alive(void) { return alive; }

struct voucher *voucher_issue(long nonce) {
    struct voucher *voucher = spare;
    if (voucher != NULL) {
        spare = voucher->next;
    } else if ((voucher = malloc(sizeof *voucher)) == NULL) {
        return NULL;
    }
    alive++;
    voucher->nonce = nonce;
    voucher->next = living;
    living = voucher;
    return voucher;
}

int voucher_is_alive(struct voucher *wanted) {
    for (struct voucher *each = living; each != NULL; each = each->next) {
        if (each == wanted) return 1;
    }
    return 0;
}

long voucher_nonce(struct voucher *voucher) { return voucher->nonce; }

/* The block goes to the next voucher: it is never given back to the system. */
void voucher_tear(struct voucher *voucher) {
    struct voucher **link = &living;
    while (*link != voucher) link = &(*link)->next;
    *link = voucher->next;
    voucher->next = spare;
    spare = voucher;
    alive--;
}
