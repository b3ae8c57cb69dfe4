/* beacon: a native thread for each, which says that it ends, in Python, when its beacon is put out.
 * Class      MAD-25 a native thread at interpreter shutdown.
 * Mechanism  what still burns at exit is put out by the library's own atexit handler, after Py_Finalize: the thread asks for
 *            the GIL of an interpreter that is gone. The fixed twin puts them out in an atexit function of Python, too.
 * Program    light, interpreter exit with the beacon alive    Threads 1    Known minimum 1 step
 * Model      https://github.com/PyO3/pyo3/issues/4632 (a native thread that attaches while the interpreter is gone) */
#include <pthread.h>

#include "specimen.h"

#if PY_VERSION_HEX < 0x030D0000
#define Py_IsFinalizing _Py_IsFinalizing
#endif

struct flame {
    struct flame *next;
    struct beacon *owner;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int is_out;
    int has_thread; /* not in a forked child */
};
static struct flame *flames; /* under the GIL */
static long put_out;
static int is_over;

typedef struct beacon {
    PyObject_HEAD
    struct flame *flame; /* NULL once put out */
} Beacon;

static void *burn(void *arg) {
    struct flame *flame = arg;
    pthread_mutex_lock(&flame->lock);
    while (!flame->is_out) pthread_cond_wait(&flame->changed, &flame->lock);
    pthread_mutex_unlock(&flame->lock);
    PyGILState_STATE state = PyGILState_Ensure();
    PyObject *count = PyLong_FromLong(++put_out);
    Py_XDECREF(count);
    PyGILState_Release(state);
    return NULL;
}

/* The flame is on no list any more. Without the GIL, if there is one: the thread wants it. */
static void extinguish(struct flame *flame) {
    if (flame->has_thread) {
        pthread_mutex_lock(&flame->lock);
        flame->is_out = 1;
        pthread_cond_signal(&flame->changed);
        pthread_mutex_unlock(&flame->lock);
        pthread_join(flame->thread, NULL);
    }
    pthread_mutex_destroy(&flame->lock);
    free(flame);
}

static void unlink_flame(struct flame *flame) {
    struct flame **link = &flames;
    while (*link != flame) link = &(*link)->next;
    *link = flame->next;
    native_alive--;
}

static PyObject *beacon_new(PyTypeObject *type, PyObject *Py_UNUSED(args), PyObject *Py_UNUSED(kwargs)) {
    if (is_over) return PyErr_Format(PyExc_RuntimeError, "too late for a beacon");
    Beacon *self = (Beacon *)type->tp_alloc(type, 0);
    if (self == NULL) return NULL;
    struct flame *flame = calloc(1, sizeof *flame);
    if (flame == NULL) {
        Py_DECREF(self);
        return PyErr_NoMemory();
    }
    pthread_mutex_init(&flame->lock, NULL);
    pthread_cond_init(&flame->changed, NULL);
    if (pthread_create(&flame->thread, NULL, burn, flame) != 0) {
        free(flame);
        Py_DECREF(self);
        return PyErr_Format(PyExc_RuntimeError, "no thread for it");
    }
    flame->has_thread = 1;
    flame->owner = self;
    flame->next = flames;
    flames = flame;
    native_alive++;
    self->flame = flame;
    return (PyObject *)self;
}

static PyObject *beacon_flash(Beacon *self, PyObject *Py_UNUSED(arg)) {
    if (self->flame == NULL) return PyErr_Format(PyExc_ValueError, "beacon is out");
    Py_RETURN_NONE;
}

static void put_it_out(Beacon *self) {
    struct flame *flame = self->flame;
    self->flame = NULL;
    if (flame == NULL) return;
    unlink_flame(flame);
    Py_BEGIN_ALLOW_THREADS
    extinguish(flame);
    Py_END_ALLOW_THREADS
}

static PyObject *beacon_close(Beacon *self, PyObject *Py_UNUSED(arg)) {
    put_it_out(self);
    Py_RETURN_NONE;
}

static void beacon_dealloc(Beacon *self) {
    if (!Py_IsFinalizing()) put_it_out(self); /* too late for other threads: it is left to the handler */
    specimen_release((PyObject *)self);
}

static PyMethodDef beacon_methods[] = {
    {"flash", (PyCFunction)beacon_flash, METH_NOARGS, "Show that it burns."},
    {"close", (PyCFunction)beacon_close, METH_NOARGS, "Put it out."},
    {NULL, NULL, 0, NULL}};
static PyType_Slot beacon_slots[] = {{Py_tp_new, beacon_new},
                                     {Py_tp_dealloc, beacon_dealloc},
                                     {Py_tp_methods, beacon_methods},
                                     {0, NULL}};
static PyType_Spec beacon_spec = {MODULE_NAME ".Beacon", sizeof(Beacon), 0, Py_TPFLAGS_DEFAULT, beacon_slots};

static void in_child(void) {
    for (struct flame *flame = flames; flame != NULL; flame = flame->next) flame->has_thread = 0;
}

static void at_process_exit(void) {
    while (flames != NULL) {
        struct flame *flame = flames;
        unlink_flame(flame);
        extinguish(flame);
    }
}

__attribute__((constructor)) static void at_start(void) {
    atexit(at_process_exit);
    pthread_atfork(NULL, NULL, in_child);
}

/* Put out all beacons, and light none any more. */
static PyObject *douse(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(arg)) {
    is_over = 1;
    while (flames != NULL) put_it_out(flames->owner);
    Py_RETURN_NONE;
}

static PyMethodDef functions[] = {ALIVE_METHOD,
                                  {"douse", douse, METH_NOARGS, "Put out all beacons for good."},
                                  {NULL, NULL, 0, NULL}};

static int fill(PyObject *module) {
    if (specimen_type(module, &beacon_spec) == NULL) return -1;
#if FIXED
    PyObject *atexit_module = PyImport_ImportModule("atexit");
    PyObject *function = PyObject_GetAttrString(module, "douse");
    PyObject *done = atexit_module && function ? PyObject_CallMethod(atexit_module, "register", "O", function) : NULL;
    Py_XDECREF(atexit_module);
    Py_XDECREF(function);
    Py_XDECREF(done);
    return done == NULL ? -1 : 0;
#else
    return 0;
#endif
}
SPECIMEN_MODULE(functions, fill)
