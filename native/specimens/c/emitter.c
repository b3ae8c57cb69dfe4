/* emitter: an event source that keeps Python listeners.
 * Class      MAD-06 native holds a host object for ever: a cycle the collector cannot see.
 * Mechanism  the type keeps a listener but has no collector support (no tp_traverse, no tp_clear).
 * Program    create, connect a listener that holds the emitter; drop and collect
 *            Threads 1       Known minimum 2 steps (drop and collect are the closing phase)
 * Model      https://github.com/pydantic/pydantic/issues/5136 (GC-invisible cycles in pydantic-core) */
#include "specimen.h"

typedef struct {
    PyObject_HEAD
    PyObject *listener;
    int closed;
} Emitter;

static PyObject *emitter_new(PyTypeObject *type, PyObject *Py_UNUSED(args), PyObject *Py_UNUSED(kwargs)) {
    Emitter *self = (Emitter *)type->tp_alloc(type, 0);
    if (self != NULL) native_alive++;
    return (PyObject *)self;
}

static int refuse_closed(Emitter *self) {
    if (self->closed) PyErr_SetString(PyExc_ValueError, "emitter is closed");
    return self->closed;
}

static PyObject *emitter_connect(Emitter *self, PyObject *arg) {
    if (refuse_closed(self)) return NULL;
    if (!PyCallable_Check(arg)) return PyErr_Format(PyExc_TypeError, "listener must be callable");
    Py_INCREF(arg);
    Py_XSETREF(self->listener, arg);
    Py_RETURN_NONE;
}

static PyObject *emitter_emit(Emitter *self, PyObject *Py_UNUSED(arg)) {
    if (refuse_closed(self)) return NULL;
    if (self->listener == NULL) Py_RETURN_NONE;
    PyObject *listener = self->listener; /* kept: it may disconnect itself */
    Py_INCREF(listener);
    PyObject *answer = PyObject_CallNoArgs(listener);
    Py_DECREF(listener);
    return answer;
}

static PyObject *emitter_close(Emitter *self, PyObject *Py_UNUSED(arg)) {
    self->closed = 1;
    Py_CLEAR(self->listener);
    Py_RETURN_NONE;
}

#if FIXED
static int emitter_traverse(Emitter *self, visitproc visit, void *arg) {
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(self->listener);
    return 0;
}

static int emitter_clear(Emitter *self) {
    Py_CLEAR(self->listener);
    return 0;
}
#endif

static void emitter_dealloc(Emitter *self) {
#if FIXED
    PyObject_GC_UnTrack(self);
#endif
    Py_CLEAR(self->listener);
    native_alive--;
    specimen_release((PyObject *)self);
}

static PyMethodDef emitter_methods[] = {
    {"connect", (PyCFunction)emitter_connect, METH_O, "Keep a listener, in place of the last one."},
    {"emit", (PyCFunction)emitter_emit, METH_NOARGS, "Call the listener."},
    {"close", (PyCFunction)emitter_close, METH_NOARGS, "Let the listener go."},
    {NULL, NULL, 0, NULL}};
static PyType_Slot emitter_slots[] = {{Py_tp_new, emitter_new},
                                      {Py_tp_dealloc, emitter_dealloc},
                                      {Py_tp_methods, emitter_methods},
#if FIXED
                                      {Py_tp_traverse, emitter_traverse},
                                      {Py_tp_clear, emitter_clear},
#endif
                                      {0, NULL}};
static PyType_Spec emitter_spec = {MODULE_NAME ".Emitter", sizeof(Emitter), 0,
                                   Py_TPFLAGS_DEFAULT | (FIXED ? Py_TPFLAGS_HAVE_GC : 0),
                                   emitter_slots};

static int fill(PyObject *module) { return specimen_type(module, &emitter_spec) ? 0 : -1; }
static PyMethodDef functions[] = {ALIVE_METHOD, {NULL, NULL, 0, NULL}};
SPECIMEN_MODULE(functions, fill)
