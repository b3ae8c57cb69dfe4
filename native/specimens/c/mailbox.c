/* mailbox: the native half of mailbox.py, driven by ctypes with the GIL held: letters, first in, first out.
 * Class      MAD-31 unbounded queue.
 * Mechanism  put() takes every letter; documented is a limit of 32. The fixed twin refuses when it is full.
 * Program    make; put again and again       Threads 1       Known minimum 2 steps
 * Model      https://github.com/pika/pika/issues/1600 (the sender is never pushed back) */
#include <stdlib.h>

#define MOST 32

struct letter {
    struct letter *next;
    long number;
};
struct mailbox {
    struct letter *first, **last;
    long count;
};
static long alive;

long mailbox_alive(void) { return alive; }

struct mailbox *mailbox_new(void) {
    struct mailbox *mailbox = calloc(1, sizeof *mailbox);
    if (mailbox == NULL) abort();
    mailbox->last = &mailbox->first;
    alive++;
    return mailbox;
}

/* How many there are now, or -1 where there is no room. */
long mailbox_put(struct mailbox *mailbox, long number) {
    if (FIXED && mailbox->count == MOST) return -1;
    struct letter *letter = calloc(1, sizeof *letter);
    if (letter == NULL) return -1;
    letter->number = number;
    *mailbox->last = letter;
    mailbox->last = &letter->next;
    return ++mailbox->count;
}

/* The number of the oldest, or -1 where there is none. */
long mailbox_take(struct mailbox *mailbox) {
    struct letter *letter = mailbox->first;
    if (letter == NULL) return -1;
    long number = letter->number;
    mailbox->first = letter->next;
    if (mailbox->first == NULL) mailbox->last = &mailbox->first;
    mailbox->count--;
    free(letter);
    return number;
}

void mailbox_free(struct mailbox *mailbox) {
    while (mailbox_take(mailbox) >= 0) continue;
    alive--;
    free(mailbox);
}
