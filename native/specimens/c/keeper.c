/* keeper: remembers the first item of a list.
 * Class      MAD-05 child outlives parent (also MAD-07: one reference too few).
 * Mechanism  The keeper stores what PyList_GetItem lends and takes no reference of its own: when the list is cleared, the
 *            item dies, and kind_of() looks at what is left of it.
 * Program    make a list, make a keeper of it, clear the list, ask the keeper
 *            Threads 1       Known minimum 4 steps
 * Model      https://github.com/python/cpython/issues/143380 (borrowed item used after the list changed) */
#include "specimen.h"

typedef struct {
    PyObject_HEAD
    PyObject *kept;
} Keeper;

static PyObject *keeper_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    static char *keywords[] = {"items", NULL};
    PyObject *items;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O!", keywords, &PyList_Type, &items)) return NULL;
    PyObject *item = PyList_GetItem(items, 0); /* borrowed */
    if (item == NULL) return NULL;
    Keeper *self = (Keeper *)type->tp_alloc(type, 0);
    if (self == NULL) return NULL;
#if FIXED
    Py_INCREF(item);
#endif
    self->kept = item;
    native_alive++;
    return (PyObject *)self;
}

static PyObject *keeper_kind(Keeper *self, PyObject *Py_UNUSED(arg)) {
    return PyUnicode_FromString(((volatile PyObject *)self->kept)->ob_type->tp_name);
}

static int keeper_traverse(Keeper *self, visitproc visit, void *arg) {
    Py_VISIT(Py_TYPE(self));
#if FIXED
    Py_VISIT(self->kept);
#else
    (void)arg;
#endif
    return 0;
}

static void keeper_dealloc(Keeper *self) {
    PyObject_GC_UnTrack(self);
#if FIXED
    Py_CLEAR(self->kept);
#endif
    native_alive--;
    specimen_release((PyObject *)self);
}

static PyMethodDef keeper_methods[] = {
    {"kind_of", (PyCFunction)keeper_kind, METH_NOARGS, "The name of the type of what is kept."}, {NULL, NULL, 0, NULL}};
static PyType_Slot keeper_slots[] = {{Py_tp_new, keeper_new},
                                     {Py_tp_dealloc, keeper_dealloc},
                                     {Py_tp_traverse, keeper_traverse},
                                     {Py_tp_methods, keeper_methods},
                                     {0, NULL}};
static PyType_Spec keeper_spec = {MODULE_NAME ".Keeper", sizeof(Keeper), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
                                  keeper_slots};

static int fill(PyObject *module) { return specimen_type(module, &keeper_spec) ? 0 : -1; }
static PyMethodDef functions[] = {ALIVE_METHOD, {NULL, NULL, 0, NULL}};
SPECIMEN_MODULE(functions, fill)
