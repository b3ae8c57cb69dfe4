/* lens: a lens that works out its colour once and keeps it.
 * Class      MAD-24 races on refcount-like native state without the GIL.
 * Mechanism  colour() takes what is kept and then counts it; reset() lets go of it. The GIL keeps the two apart. Without one,
 *            reset() on another thread frees between the look and the count. The fixed twin locks the object.
 *            The module says that it does not need the GIL.
 * Program    open; colour on one thread, reset on another       Threads 2       Known minimum 3 steps
 * Model      https://github.com/python/cpython/issues/153852 (races found in CPython itself with a thread sanitizer) */
#include "specimen.h"

#if FIXED && defined(Py_GIL_DISABLED)
#define LOCKED(self) Py_BEGIN_CRITICAL_SECTION(self)
#define UNLOCKED() Py_END_CRITICAL_SECTION()
#else
#define LOCKED(self) {
#define UNLOCKED() }
#endif

typedef struct {
    PyObject_HEAD
    PyObject *kept;
    long asked;
} Lens;

static PyObject *lens_new(PyTypeObject *type, PyObject *Py_UNUSED(args), PyObject *Py_UNUSED(kwargs)) {
    return type->tp_alloc(type, 0);
}

static PyObject *lens_colour(Lens *self, PyObject *Py_UNUSED(arg)) {
    PyObject *colour;
    LOCKED(self)
    if (self->kept == NULL) self->kept = PyUnicode_FromFormat("colour %ld", 1000 + self->asked++);
    colour = self->kept;
    Py_XINCREF(colour);
    UNLOCKED()
    return colour;
}

static PyObject *lens_reset(Lens *self, PyObject *Py_UNUSED(arg)) {
    LOCKED(self)
    Py_CLEAR(self->kept);
    UNLOCKED()
    Py_RETURN_NONE;
}

static void lens_dealloc(Lens *self) {
    Py_XDECREF(self->kept);
    specimen_release((PyObject *)self);
}

static PyMethodDef lens_methods[] = {{"colour", (PyCFunction)lens_colour, METH_NOARGS, "Its colour."},
                                     {"reset", (PyCFunction)lens_reset, METH_NOARGS, "Forget the colour."},
                                     {NULL, NULL, 0, NULL}};
static PyType_Slot lens_slots[] = {
    {Py_tp_new, lens_new}, {Py_tp_dealloc, lens_dealloc}, {Py_tp_methods, lens_methods}, {0, NULL}};
static PyType_Spec lens_spec = {MODULE_NAME ".Lens", sizeof(Lens), 0, Py_TPFLAGS_DEFAULT, lens_slots};

static int fill(PyObject *module) { return specimen_type(module, &lens_spec) ? 0 : -1; }
static PyMethodDef functions[] = {ALIVE_METHOD, {NULL, NULL, 0, NULL}};
static PyModuleDef_Slot slots[] = {{Py_mod_exec, fill},
#ifdef Py_GIL_DISABLED
                                   {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
                                   {0, NULL}};
static struct PyModuleDef lens_def = {PyModuleDef_HEAD_INIT, MODULE_NAME, NULL, 0, functions, slots, NULL, NULL, NULL};
PyMODINIT_FUNC SPECIMEN_PASTE(PyInit_, MODULE)(void) { return PyModuleDef_Init(&lens_def); }
