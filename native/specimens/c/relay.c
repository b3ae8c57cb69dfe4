/* relay: keeps one object, and has it released by a native thread.
 * Class      MAD-21 refcount without the GIL.
 * Mechanism  release() hands the object to a thread of its own, which drops the last reference without asking for the GIL:
 *            the object dies on a thread that the interpreter does not know. The fixed twin asks for it.
 * Program    make; keep an object; release       Threads 1 (and the library's own)       Known minimum 3 steps
 * Model      https://github.com/PyO3/pyo3/issues/4105 (reference counts changed without the GIL) */
#include "specimen.h"
#include <pthread.h>

typedef struct {
    PyObject_HEAD
    PyObject *kept;
    int counted;
} Relay;

static PyObject *relay_new(PyTypeObject *type, PyObject *Py_UNUSED(args), PyObject *Py_UNUSED(kwargs)) {
    Relay *self = (Relay *)type->tp_alloc(type, 0);
    if (self == NULL) return NULL;
    self->counted = 1;
    native_alive++;
    return (PyObject *)self;
}

static PyObject *relay_keep(Relay *self, PyObject *object) {
    Py_INCREF(object);
    PyObject *old = self->kept;
    self->kept = object;
    Py_XDECREF(old);
    Py_RETURN_NONE;
}

static void *let_go(void *object) {
#if FIXED
    PyGILState_STATE state = PyGILState_Ensure();
#endif
    Py_DECREF((PyObject *)object);
#if FIXED
    PyGILState_Release(state);
#endif
    return NULL;
}

static PyObject *relay_release(Relay *self, PyObject *Py_UNUSED(arg)) {
    PyObject *object = self->kept;
    pthread_t thread;
    self->kept = NULL;
    if (object == NULL) Py_RETURN_FALSE;
    if (pthread_create(&thread, NULL, let_go, object) != 0) {
        Py_DECREF(object);
        return PyErr_NoMemory();
    }
    Py_BEGIN_ALLOW_THREADS
    pthread_join(thread, NULL);
    Py_END_ALLOW_THREADS
    Py_RETURN_TRUE;
}

static int relay_traverse(Relay *self, visitproc visit, void *arg) {
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(self->kept);
    return 0;
}

static int relay_clear(Relay *self) {
    Py_CLEAR(self->kept);
    return 0;
}

static void relay_dealloc(Relay *self) {
    PyObject_GC_UnTrack(self);
    relay_clear(self);
    native_alive -= self->counted;
    specimen_release((PyObject *)self);
}

static PyMethodDef relay_methods[] = {
    {"keep", (PyCFunction)relay_keep, METH_O, "Keep an object in place of the one before."},
    {"release", (PyCFunction)relay_release, METH_NOARGS, "Have the object released."},
    {NULL, NULL, 0, NULL}};
static PyType_Slot relay_slots[] = {{Py_tp_new, relay_new},
                                    {Py_tp_dealloc, relay_dealloc},
                                    {Py_tp_traverse, relay_traverse},
                                    {Py_tp_clear, relay_clear},
                                    {Py_tp_methods, relay_methods},
                                    {0, NULL}};
static PyType_Spec relay_spec = {MODULE_NAME ".Relay", sizeof(Relay), 0,
                                 Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC, relay_slots};

static int fill(PyObject *module) { return specimen_type(module, &relay_spec) ? 0 : -1; }
static PyMethodDef functions[] = {ALIVE_METHOD, {NULL, NULL, 0, NULL}};
SPECIMEN_MODULE(functions, fill)
