/* courier: the native half of courier.py, driven by ctypes with the GIL held: parcels that take three looks to arrive.
 * Class      MAD-29 future cancelled mid-flight.
 * Mechanism  (in courier.py) send() gives its parcel back after the last await; cancelled before that, it never does.
 *            The fixed twin does it in a `finally`.
 * Program    make, send and cancel it       Threads 1       Known minimum 2 steps
 * Model      https://github.com/mozilla/uniffi-rs/pull/1697 (a cancelled future is never freed) */
#include <stdlib.h>

struct parcel {
    long looks;
};
static long alive;

long courier_alive(void) { return alive; }

struct parcel *courier_send(void) {
    struct parcel *parcel = calloc(1, sizeof *parcel);
    if (parcel == NULL) abort();
    alive++;
    return parcel;
}

int courier_arrived(struct parcel *parcel) { return ++parcel->looks > 3; }

void courier_release(struct parcel *parcel) {
    alive--;
    free(parcel);
}
