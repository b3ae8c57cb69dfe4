/* quack: a database connection; close() frees the native half, one method forgets to ask.
 * Class      MAD-01 use after dispose.
 * Mechanism  every method asks `closed` first, except changes(), which was added later.
 * Program    connect, close, changes       Threads 1       Known minimum 3 steps
 * Model      https://github.com/duckdb/duckdb/issues/5560 (cursor() on a closed connection) */
#include "specimen.h"

struct database {
    long changes;
    long nonce;
    char page[240];
};

typedef struct {
    PyObject_HEAD
    struct database *database;
    int closed;
} Connection;

static PyObject *connection_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    static char *names[] = {"nonce", NULL};
    static long next_nonce = 1000000;
    long nonce = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|l", names, &nonce)) return NULL;
    Connection *self = (Connection *)type->tp_alloc(type, 0);
    if (self == NULL) return NULL;
    self->closed = 1;
    self->database = calloc(1, sizeof *self->database);
    if (self->database == NULL) {
        Py_DECREF(self);
        return PyErr_NoMemory();
    }
    self->closed = 0;
    self->database->nonce = nonce ? nonce : next_nonce++;
    native_alive++;
    return (PyObject *)self;
}

static void close_now(Connection *self) {
    if (self->closed) return;
    self->closed = 1;
    free(self->database); /* the pointer stays: `closed` is meant to guard it */
    native_alive--;
}

static int refuse_closed(Connection *self) {
    if (self->closed) PyErr_SetString(PyExc_ValueError, "connection is closed");
    return self->closed;
}

static PyObject *connection_execute(Connection *self, PyObject *arg) {
    if (refuse_closed(self)) return NULL;
    if (!PyUnicode_Check(arg)) return PyErr_Format(PyExc_TypeError, "sql must be text");
    self->database->changes += PyUnicode_GET_LENGTH(arg) > 0;
    Py_RETURN_NONE;
}

static PyObject *connection_changes(Connection *self, PyObject *Py_UNUSED(arg)) {
#if FIXED
    if (refuse_closed(self)) return NULL;
#endif
    return PyLong_FromLong(self->database->changes);
}

static PyObject *connection_nonce(Connection *self, PyObject *Py_UNUSED(arg)) {
    if (refuse_closed(self)) return NULL;
    return PyLong_FromLong(self->database->nonce);
}

static PyObject *connection_close(Connection *self, PyObject *Py_UNUSED(arg)) {
    close_now(self);
    Py_RETURN_NONE;
}

static void connection_dealloc(Connection *self) {
    close_now(self);
    specimen_release((PyObject *)self);
}

static PyMethodDef connection_methods[] = {
    {"execute", (PyCFunction)connection_execute, METH_O, "Run a statement."},
    {"changes", (PyCFunction)connection_changes, METH_NOARGS, "Statements run so far."},
    {"nonce", (PyCFunction)connection_nonce, METH_NOARGS, "Number of the database."},
    {"close", (PyCFunction)connection_close, METH_NOARGS, "Give the database back."},
    {NULL, NULL, 0, NULL}};
static PyType_Slot connection_slots[] = {{Py_tp_new, connection_new},
                                         {Py_tp_dealloc, connection_dealloc},
                                         {Py_tp_methods, connection_methods},
                                         {0, NULL}};
static PyType_Spec connection_spec = {MODULE_NAME ".Connection", sizeof(Connection), 0,
                                      Py_TPFLAGS_DEFAULT, connection_slots};

static int fill(PyObject *module) { return specimen_type(module, &connection_spec) ? 0 : -1; }
static PyMethodDef functions[] = {ALIVE_METHOD, {NULL, NULL, 0, NULL}};
SPECIMEN_MODULE(functions, fill)
