/* query: rows handed one by one to a Python callback.
 * Class      MAD-14 dispose from inside a callback.
 * Mechanism  the callback closes the table; the loop goes on with the rows of a table that is gone.
 * Program    open, each row { close }       Threads 1       Known minimum 3 steps
 * Model      https://github.com/python/cpython/issues/145040 (sqlite3 closed inside its callback);
 *            the fixed twin refuses, as apsw does */
#include "specimen.h"

#define ROWS 8
struct rows {
    long value[ROWS];
};

typedef struct {
    PyObject_HEAD
    struct rows *rows; /* NULL once closed */
    int walking;
} Table;

static PyObject *table_new(PyTypeObject *type, PyObject *Py_UNUSED(args), PyObject *Py_UNUSED(kwargs)) {
    Table *self = (Table *)type->tp_alloc(type, 0);
    if (self == NULL) return NULL;
    self->rows = calloc(1, sizeof *self->rows);
    if (self->rows == NULL) {
        Py_DECREF(self);
        return PyErr_NoMemory();
    }
    native_alive++;
    for (long i = 0; i < ROWS; i++) self->rows->value[i] = i;
    return (PyObject *)self;
}

static PyObject *table_each(Table *self, PyObject *callback) {
    if (self->rows == NULL) return PyErr_Format(PyExc_ValueError, "table is closed");
    long sum = 0;
    self->walking++;
    for (long i = 0; i < ROWS; i++) {
        PyObject *answer = PyObject_CallNoArgs(callback);
        if (answer == NULL) {
            self->walking--;
            return NULL;
        }
        Py_DECREF(answer);
        sum += self->rows->value[i];
    }
    self->walking--;
    return PyLong_FromLong(sum);
}

static PyObject *table_close(Table *self, PyObject *Py_UNUSED(arg)) {
#if FIXED
    if (self->walking) return PyErr_Format(PyExc_RuntimeError, "table is being walked");
#endif
    if (self->rows != NULL) native_alive--;
    free(self->rows);
    self->rows = NULL;
    Py_RETURN_NONE;
}

static void table_dealloc(Table *self) {
    if (self->rows != NULL) native_alive--;
    free(self->rows);
    specimen_release((PyObject *)self);
}

static PyMethodDef table_methods[] = {
    {"each", (PyCFunction)table_each, METH_O, "Call back for each row; the sum of the rows."},
    {"close", (PyCFunction)table_close, METH_NOARGS, "Give the rows back."},
    {NULL, NULL, 0, NULL}};
static PyType_Slot table_slots[] = {{Py_tp_new, table_new},
                                    {Py_tp_dealloc, table_dealloc},
                                    {Py_tp_methods, table_methods},
                                    {0, NULL}};
static PyType_Spec table_spec = {MODULE_NAME ".Table", sizeof(Table), 0, Py_TPFLAGS_DEFAULT, table_slots};

static int fill(PyObject *module) { return specimen_type(module, &table_spec) ? 0 : -1; }
static PyMethodDef functions[] = {ALIVE_METHOD, {NULL, NULL, 0, NULL}};
SPECIMEN_MODULE(functions, fill)
