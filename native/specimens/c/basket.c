/* basket: numbers, and a search that lets the wanted value say what is equal to it.
 * Class      MAD-15 re-entrant Python code mutates the object in use.
 * Mechanism  find() asks once how many numbers there are; the `__eq__` of the value empties the basket, and the search goes
 *            on through numbers that are gone. The fixed twin asks again after each comparison.
 * Program    create, find(value whose __eq__ { clear })       Threads 1       Known minimum 3 steps
 * Model      https://github.com/python-rapidjson/python-rapidjson/issues/235 (a list that shrinks while it is dumped) */
#include "specimen.h"

typedef struct {
    PyObject_HEAD
    long *numbers; /* NULL when there are none */
    Py_ssize_t count;
    int searches; /* that are going on */
    int closed;
} Basket;

static PyObject *basket_new(PyTypeObject *type, PyObject *args, PyObject *Py_UNUSED(kwargs)) {
    Py_ssize_t count = 3;
    if (!PyArg_ParseTuple(args, "|n", &count)) return NULL;
    if (count < 1 || count > 1 << 20) return PyErr_Format(PyExc_ValueError, "no such basket");
    Basket *self = (Basket *)type->tp_alloc(type, 0);
    if (self == NULL) return NULL;
    native_alive++;
    self->numbers = malloc(count * sizeof *self->numbers);
    if (self->numbers == NULL) {
        Py_DECREF(self);
        return PyErr_NoMemory();
    }
    for (Py_ssize_t at = 0; at < count; at++) self->numbers[at] = 10 + at;
    self->count = count;
    return (PyObject *)self;
}

static void empty(Basket *self) {
    free(self->numbers);
    self->numbers = NULL;
    self->count = 0;
}

/* The number that is equal to the value; None without one. */
static PyObject *basket_find(Basket *self, PyObject *value) {
    if (self->closed) return PyErr_Format(PyExc_ValueError, "basket is closed");
    Py_ssize_t count = self->count;
    for (Py_ssize_t at = 0; at < count; at++) {
        PyObject *number = PyLong_FromLong(self->numbers[at]);
        if (number == NULL) return NULL;
        self->searches++;
        int is_equal = PyObject_RichCompareBool(number, value, Py_EQ);
        self->searches--;
        if (is_equal > 0) return number;
        Py_DECREF(number);
        if (is_equal < 0) return NULL;
#if FIXED
        count = self->count;
#endif
    }
    Py_RETURN_NONE;
}

static PyObject *basket_clear(Basket *self, PyObject *Py_UNUSED(arg)) {
    if (self->closed) return PyErr_Format(PyExc_ValueError, "basket is closed");
    empty(self);
    Py_RETURN_NONE;
}

static PyObject *basket_close(Basket *self, PyObject *Py_UNUSED(arg)) {
    if (self->searches) return PyErr_Format(PyExc_RuntimeError, "basket is being searched");
    self->closed = 1;
    empty(self);
    Py_RETURN_NONE;
}

static void basket_dealloc(Basket *self) {
    empty(self);
    native_alive--;
    specimen_release((PyObject *)self);
}

static PyMethodDef basket_methods[] = {
    {"find", (PyCFunction)basket_find, METH_O, "The number that is equal to a value."},
    {"clear", (PyCFunction)basket_clear, METH_NOARGS, "Throw the numbers away."},
    {"close", (PyCFunction)basket_close, METH_NOARGS, "The end."},
    {NULL, NULL, 0, NULL}};
static PyType_Slot basket_slots[] = {{Py_tp_new, basket_new},
                                     {Py_tp_dealloc, basket_dealloc},
                                     {Py_tp_methods, basket_methods},
                                     {0, NULL}};
static PyType_Spec basket_spec = {MODULE_NAME ".Basket", sizeof(Basket), 0, Py_TPFLAGS_DEFAULT, basket_slots};

static int fill(PyObject *module) { return specimen_type(module, &basket_spec) ? 0 : -1; }
static PyMethodDef functions[] = {ALIVE_METHOD, {NULL, NULL, 0, NULL}};
SPECIMEN_MODULE(functions, fill)
