/* journal: the native half of journal.py; what is still open at exit is closed by the library.
 * Class      MAD-25 a finalizer at interpreter shutdown.
 * Mechanism  the library's own atexit handler runs after Py_Finalize and calls the close callback
 *            of every journal that is still open; that callback is Python.
 * Program    open, interpreter exit with the journal alive    Threads 1    Known minimum 1 step
 * Model      https://github.com/python/cpython/issues/124619 (Python called after finalization) */
#include <stdlib.h>

typedef void (*close_function)(void);
struct journal {
    struct journal *next;
    close_function on_close;
    long lines;
    char name[72];
};
static struct journal *open_journals;
static long alive;

long journal_alive(void) { return alive; }

struct journal *journal_open(close_function on_close) {
    struct journal *journal = calloc(1, sizeof *journal);
    if (journal == NULL) return NULL;
    alive++;
    journal->on_close = on_close;
    journal->next = open_journals;
    open_journals = journal;
    return journal;
}

long journal_write(struct journal *journal) { return ++journal->lines; }

void journal_close(struct journal *journal) {
    struct journal **link = &open_journals;
    while (*link != journal) link = &(*link)->next;
    *link = journal->next;
    close_function on_close = journal->on_close;
    alive--;
    free(journal);
    on_close();
}

static void close_what_is_open(void) {
    while (open_journals != NULL) journal_close(open_journals);
}

__attribute__((constructor)) static void at_start(void) { atexit(close_what_is_open); }
