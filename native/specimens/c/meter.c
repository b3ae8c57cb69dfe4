/* meter: a counter with a lock of its own; refresh() asks a device without the GIL.
 * Class      MAD-22 GIL against native lock.
 * Mechanism  refresh() takes the GIL back with the meter still locked; read() holds the GIL when it
 *            waits for that lock. The fixed twin unlocks first.
 * Program    create; refresh on one thread, read on another     Threads 2     Known minimum 3 steps
 * Model      https://github.com/ceph/ceph/pull/46302 (the GIL held while a mutex is waited for) */
#include "specimen.h"
#include "window.h"
#include <pthread.h>

typedef struct {
    PyObject_HEAD
    pthread_mutex_t lock;
    long count;
    int closed;
} Meter;

static PyObject *meter_new(PyTypeObject *type, PyObject *Py_UNUSED(args), PyObject *Py_UNUSED(kwargs)) {
    Meter *self = (Meter *)type->tp_alloc(type, 0);
    if (self == NULL) return NULL;
    pthread_mutex_init(&self->lock, NULL);
    native_alive++;
    return (PyObject *)self;
}

/* The count, or -1 and an exception. */
static long count_of(Meter *self) {
    pthread_mutex_lock(&self->lock);
    long count = self->closed ? -1 : self->count;
    pthread_mutex_unlock(&self->lock);
    if (count < 0) PyErr_SetString(PyExc_ValueError, "meter is closed");
    return count;
}

static PyObject *meter_refresh(Meter *self, PyObject *Py_UNUSED(arg)) {
    if (count_of(self) < 0) return NULL;
    PyThreadState *state = PyEval_SaveThread();
    pthread_mutex_lock(&self->lock);
    self->count++;
    if (FIXED) pthread_mutex_unlock(&self->lock);
    window();
    PyEval_RestoreThread(state);
    if (!FIXED) pthread_mutex_unlock(&self->lock);
    Py_RETURN_NONE;
}

static PyObject *meter_read(Meter *self, PyObject *Py_UNUSED(arg)) {
    long count = count_of(self);
    return count < 0 ? NULL : PyLong_FromLong(count);
}

static PyObject *meter_close(Meter *self, PyObject *Py_UNUSED(arg)) {
    pthread_mutex_lock(&self->lock);
    self->closed = 1;
    pthread_mutex_unlock(&self->lock);
    Py_RETURN_NONE;
}

static void meter_dealloc(Meter *self) {
    pthread_mutex_destroy(&self->lock);
    native_alive--;
    specimen_release((PyObject *)self);
}

static PyMethodDef meter_methods[] = {
    {"refresh", (PyCFunction)meter_refresh, METH_NOARGS, "Ask the device."},
    {"read", (PyCFunction)meter_read, METH_NOARGS, "What the device said last."},
    {"close", (PyCFunction)meter_close, METH_NOARGS, "No more reading."},
    {NULL, NULL, 0, NULL}};
static PyType_Slot meter_slots[] = {{Py_tp_new, meter_new},
                                    {Py_tp_dealloc, meter_dealloc},
                                    {Py_tp_methods, meter_methods},
                                    {0, NULL}};
static PyType_Spec meter_spec = {MODULE_NAME ".Meter", sizeof(Meter), 0, Py_TPFLAGS_DEFAULT, meter_slots};

static int fill(PyObject *module) { return specimen_type(module, &meter_spec) ? 0 : -1; }
static PyMethodDef functions[] = {ALIVE_METHOD, {NULL, NULL, 0, NULL}};
SPECIMEN_MODULE(functions, fill)
