/* session: the native half of session.py; closing says goodbye on the wire and takes its time.
 * Class      MAD-19 concurrent double dispose.
 * Mechanism  (in session.py) "if open: free; open = False" with the GIL gone inside free.
 * Program    open; close on two threads at once       Threads 2       Known minimum 3 steps
 * Model      https://github.com/mavlink/MAVSDK/pull/3117 (two threads destroy one handle) */
#include <stdlib.h>
#include <unistd.h>

struct session {
    long sent;
    char peer[88];
};
static long alive;

long session_alive(void) { return __atomic_load_n(&alive, __ATOMIC_SEQ_CST); }

struct session *session_open(void) {
    struct session *session = calloc(1, sizeof *session);
    if (session != NULL) __atomic_add_fetch(&alive, 1, __ATOMIC_SEQ_CST);
    return session;
}

long session_send(struct session *session) { return ++session->sent; }

void session_close(struct session *session) {
    usleep(2000); /* the goodbye */
    session->sent = -1;
    __atomic_sub_fetch(&alive, 1, __ATOMIC_SEQ_CST);
    free(session);
}
