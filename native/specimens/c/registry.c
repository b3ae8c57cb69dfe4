/* registry: named entries behind numbers, under a lock of the library's own; without the GIL.
 * Class      MAD-18 dispose while in use.
 * Mechanism  read() looks the entry up with the registry locked, unlocks, and reads; remove() on
 *            another thread takes the lock in between and frees. The fixed twin reads under the lock.
 * Program    add; read on one thread, remove on another       Threads 2       Known minimum 3 steps
 * Model      https://github.com/mozilla/uniffi-rs/issues/457 (a handle freed while it is called) */
#include "window.h"
#include <pthread.h>
#include <stdlib.h>

struct entry {
    struct entry *next;
    long number;
    long *volatile value; /* cleared at the end, which no compiler may leave out */
};
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct entry *first;
static long last_number, alive;

static struct entry **place_of(long number) {
    struct entry **place = &first;
    while (*place != NULL && (*place)->number != number) place = &(*place)->next;
    return place;
}

long registry_alive(void) {
    pthread_mutex_lock(&lock);
    long count = alive;
    pthread_mutex_unlock(&lock);
    return count;
}

long registry_add(long value) {
    struct entry *entry = calloc(1, sizeof *entry);
    if (entry == NULL || (entry->value = malloc(sizeof value)) == NULL) abort();
    *entry->value = value;
    pthread_mutex_lock(&lock);
    long number = entry->number = ++last_number;
    entry->next = first;
    first = entry;
    alive++;
    pthread_mutex_unlock(&lock);
    return number;
}

/* Whether there is such an entry; its value goes to `value`. */
int registry_read(long number, long *value) {
    pthread_mutex_lock(&lock);
    struct entry *entry = *place_of(number);
    if (FIXED && entry != NULL) *value = *entry->value;
    pthread_mutex_unlock(&lock);
    window();
    if (!FIXED && entry != NULL) *value = *entry->value;
    return entry != NULL;
}

void registry_remove(long number) {
    pthread_mutex_lock(&lock);
    struct entry **place = place_of(number), *entry = *place;
    if (entry != NULL) {
        *place = entry->next;
        alive--;
    }
    pthread_mutex_unlock(&lock);
    if (entry == NULL) return;
    free(entry->value);
    entry->value = NULL;
    free(entry);
}
