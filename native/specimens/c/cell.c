/* cell: a shared cell that holds one Python object.
 * Class      MAD-07 native reference-count imbalance (one reference too many).
 * Mechanism  swap() hands the old object out with "O" where "N" was meant: its own reference is
 *            never given back. None is swapped out first, so one swap shows nothing.
 * Program    create, swap in an object, swap it out; drop and collect
 *            Threads 1       Known minimum 3 steps (drop and collect are the closing phase)
 * Model      https://github.com/wjakob/nanobind/pull/1371 (accessor += leaked one per call) */
#include "specimen.h"

typedef struct {
    PyObject_HEAD
    PyObject *content; /* NULL once closed */
} Cell;

static PyObject *cell_new(PyTypeObject *type, PyObject *Py_UNUSED(args), PyObject *Py_UNUSED(kwargs)) {
    Cell *self = (Cell *)type->tp_alloc(type, 0);
    if (self == NULL) return NULL;
    Py_INCREF(Py_None);
    self->content = Py_None;
    native_alive++;
    return (PyObject *)self;
}

static PyObject *cell_swap(Cell *self, PyObject *arg) {
    if (self->content == NULL) return PyErr_Format(PyExc_ValueError, "cell is closed");
    PyObject *old = self->content;
    Py_INCREF(arg);
    self->content = arg;
#if FIXED
    return Py_BuildValue("N", old);
#else
    return Py_BuildValue("O", old);
#endif
}

static PyObject *cell_get(Cell *self, PyObject *Py_UNUSED(arg)) {
    if (self->content == NULL) return PyErr_Format(PyExc_ValueError, "cell is closed");
    Py_INCREF(self->content);
    return self->content;
}

static int cell_clear(Cell *self) {
    Py_CLEAR(self->content);
    return 0;
}

static PyObject *cell_close(Cell *self, PyObject *Py_UNUSED(arg)) {
    cell_clear(self);
    Py_RETURN_NONE;
}

static int cell_traverse(Cell *self, visitproc visit, void *arg) {
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(self->content);
    return 0;
}

static void cell_dealloc(Cell *self) {
    PyObject_GC_UnTrack(self);
    cell_clear(self);
    native_alive--;
    specimen_release((PyObject *)self);
}

static PyMethodDef cell_methods[] = {
    {"swap", (PyCFunction)cell_swap, METH_O, "Put an object in; get the old one."},
    {"get", (PyCFunction)cell_get, METH_NOARGS, "The object inside."},
    {"close", (PyCFunction)cell_close, METH_NOARGS, "Let the object go."},
    {NULL, NULL, 0, NULL}};
static PyType_Slot cell_slots[] = {
    {Py_tp_new, cell_new},           {Py_tp_dealloc, cell_dealloc}, {Py_tp_methods, cell_methods},
    {Py_tp_traverse, cell_traverse}, {Py_tp_clear, cell_clear},     {0, NULL}};
static PyType_Spec cell_spec = {MODULE_NAME ".Cell", sizeof(Cell), 0,
                                Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC, cell_slots};

static int fill(PyObject *module) { return specimen_type(module, &cell_spec) ? 0 : -1; }
static PyMethodDef functions[] = {ALIVE_METHOD, {NULL, NULL, 0, NULL}};
SPECIMEN_MODULE(functions, fill)
