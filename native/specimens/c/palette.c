/* palette: colours, whose names are kept in one table of the module.
 * Class      MAD-27 sub-interpreters.
 * Mechanism  the table is a static pointer: a second interpreter that imports the module shares it, and gives it back when
 *            it ends. The first one then has none. The fixed twin keeps one table per module (module state).
 * Program    a second interpreter comes and goes; mix       Threads 1       Known minimum 2 steps
 * Model      https://github.com/PyO3/pyo3/issues/3451 (one queue, one cache, for all interpreters) */
#include "specimen.h"

typedef struct {
    PyObject *names;
    PyTypeObject *colour_type;
} State;

#if !FIXED
static PyObject *shared_names;
#endif

static PyObject *names_of(State *state) {
#if FIXED
    return state->names;
#else
    (void)state;
    return shared_names;
#endif
}

typedef struct {
    PyObject_HEAD
    PyObject *name;
    int closed;
} Colour;

static PyObject *colour_name(Colour *self, PyObject *Py_UNUSED(arg)) {
    if (self->closed || self->name == NULL) return PyErr_Format(PyExc_ValueError, "colour is closed");
    Py_INCREF(self->name);
    return self->name;
}

static PyObject *colour_close(Colour *self, PyObject *Py_UNUSED(arg)) {
    if (!self->closed && self->name != NULL) native_alive--;
    self->closed = 1;
    Py_CLEAR(self->name);
    Py_RETURN_NONE;
}

static void colour_dealloc(Colour *self) {
    if (!self->closed && self->name != NULL) native_alive--;
    Py_XDECREF(self->name);
    specimen_release((PyObject *)self);
}

static PyMethodDef colour_methods[] = {{"name", (PyCFunction)colour_name, METH_NOARGS, "Its name."},
                                       {"close", (PyCFunction)colour_close, METH_NOARGS, "Give it back."},
                                       {NULL, NULL, 0, NULL}};
static PyType_Slot colour_slots[] = {
    {Py_tp_dealloc, colour_dealloc}, {Py_tp_methods, colour_methods}, {0, NULL}};
static PyType_Spec colour_spec = {MODULE_NAME ".Colour", sizeof(Colour), 0,
                                  Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, colour_slots};

/* A new colour; names that were used before are taken from the table. */
static PyObject *palette_mix(PyObject *module, PyObject *arg) {
    State *state = PyModule_GetState(module);
    if (!PyLong_CheckExact(arg)) return PyErr_Format(PyExc_TypeError, "a number");
    PyObject *name = PyDict_GetItemWithError(names_of(state), arg);
    Py_XINCREF(name);
    if (name == NULL) {
        if (PyErr_Occurred() || (name = PyUnicode_FromFormat("colour %R", arg)) == NULL) return NULL;
        if (PyDict_SetItem(names_of(state), arg, name) < 0) {
            Py_DECREF(name);
            return NULL;
        }
    }
    Colour *self = (Colour *)state->colour_type->tp_alloc(state->colour_type, 0);
    if (self == NULL) {
        Py_DECREF(name);
        return NULL;
    }
    self->name = name;
    native_alive++;
    return (PyObject *)self;
}

static int fill(PyObject *module) {
    State *state = PyModule_GetState(module);
#if FIXED
    state->names = PyDict_New();
#else
    if (shared_names == NULL) shared_names = PyDict_New();
#endif
    state->colour_type = (PyTypeObject *)PyType_FromSpec(&colour_spec);
    if (names_of(state) == NULL || state->colour_type == NULL) return -1;
    return PyModule_AddType(module, state->colour_type);
}

static int palette_traverse(PyObject *module, visitproc visit, void *arg) {
    State *state = PyModule_GetState(module);
    Py_VISIT(state->names);
    Py_VISIT(state->colour_type);
    return 0;
}

static int palette_clear(PyObject *module) {
    State *state = PyModule_GetState(module);
    Py_CLEAR(state->names);
    Py_CLEAR(state->colour_type);
    return 0;
}

static void palette_free(void *module) {
    palette_clear(module);
#if !FIXED
    Py_CLEAR(shared_names); /* "the module is going away" */
#endif
}

static PyMethodDef functions[] = {ALIVE_METHOD,
                                  {"mix", palette_mix, METH_O, "A new colour."},
                                  {NULL, NULL, 0, NULL}};
static PyModuleDef_Slot slots[] = {{Py_mod_exec, fill}, {0, NULL}};
static struct PyModuleDef palette_def = {PyModuleDef_HEAD_INIT, MODULE_NAME, NULL, sizeof(State), functions, slots,
                                         palette_traverse, palette_clear, palette_free};
PyMODINIT_FUNC SPECIMEN_PASTE(PyInit_, MODULE)(void) { return PyModuleDef_Init(&palette_def); }
