/* scroll: lines of text that grow; when there is no memory for a line, the way out frees what is not its own.
 * Class      MAD-04 ownership-transfer confusion, on the error path.
 * Mechanism  append() makes a longer list and then the line; without memory for the line it gives back the new list, and
 *            the old one, too, which the scroll still has and will free again.
 * Program    open, append without memory for the line       Threads 1       Known minimum 2 steps
 * Model      https://github.com/PyO3/rust-numpy/pull/311 (resize that fails releases twice) */
#include "specimen.h"

enum { ROOM = 64 };

typedef struct {
    PyObject_HEAD
    char **lines; /* the last one is NULL */
    int closed;
} Scroll;

static char **new_list(Py_ssize_t count) { return PyMem_Calloc(count + ROOM, sizeof(char *)); }

static Py_ssize_t count_of(char **lines) {
    Py_ssize_t count = 0;
    while (lines[count] != NULL) count++;
    return count;
}

static PyObject *scroll_new(PyTypeObject *type, PyObject *Py_UNUSED(args), PyObject *Py_UNUSED(kwargs)) {
    Scroll *self = (Scroll *)type->tp_alloc(type, 0);
    if (self == NULL) return NULL;
    self->closed = 1;
    self->lines = new_list(0);
    if (self->lines == NULL) {
        Py_DECREF(self);
        return PyErr_NoMemory();
    }
    self->closed = 0;
    native_alive++;
    return (PyObject *)self;
}

static void close_now(Scroll *self) {
    if (self->closed) return;
    self->closed = 1;
    for (char **line = self->lines; *line != NULL; line++) PyMem_Free(*line);
    PyMem_Free(self->lines);
    native_alive--;
}

static int refuse_closed(Scroll *self) {
    if (self->closed) PyErr_SetString(PyExc_ValueError, "scroll is closed");
    return self->closed;
}

static PyObject *scroll_append(Scroll *self, PyObject *arg) {
    Py_ssize_t length;
    if (refuse_closed(self)) return NULL;
    const char *text = PyUnicode_AsUTF8AndSize(arg, &length);
    if (text == NULL) return NULL;
    Py_ssize_t count = count_of(self->lines);
    char **longer = new_list(count + 1);
    if (longer == NULL) return PyErr_NoMemory();
    char *line = PyMem_Malloc(length + 1);
    if (line == NULL) {
        PyMem_Free(longer);
#if !FIXED
        PyMem_Free(self->lines); /* written when the lists had been exchanged before this point */
#endif
        return PyErr_NoMemory();
    }
    memcpy(line, text, length + 1);
    memcpy(longer, self->lines, count * sizeof(char *));
    longer[count] = line;
    PyMem_Free(self->lines);
    self->lines = longer;
    Py_RETURN_NONE;
}

static PyObject *scroll_text(Scroll *self, PyObject *Py_UNUSED(arg)) {
    PyObject *text = PyList_New(0); /* first: a collection here may close the scroll */
    if (text != NULL && refuse_closed(self)) Py_CLEAR(text);
    for (Py_ssize_t at = 0; text != NULL && self->lines[at] != NULL; at++) {
        PyObject *line = PyUnicode_FromString(self->lines[at]);
        if (line == NULL || PyList_Append(text, line) < 0) Py_CLEAR(text);
        Py_XDECREF(line);
    }
    return text;
}

static PyObject *scroll_close(Scroll *self, PyObject *Py_UNUSED(arg)) {
    close_now(self);
    Py_RETURN_NONE;
}

static void scroll_dealloc(Scroll *self) {
    close_now(self);
    specimen_release((PyObject *)self);
}

static PyMethodDef scroll_methods[] = {
    {"append", (PyCFunction)scroll_append, METH_O, "Add a line."},
    {"text", (PyCFunction)scroll_text, METH_NOARGS, "All lines."},
    {"close", (PyCFunction)scroll_close, METH_NOARGS, "Give the lines back."},
    {NULL, NULL, 0, NULL}};
static PyType_Slot scroll_slots[] = {{Py_tp_new, scroll_new},
                                     {Py_tp_dealloc, scroll_dealloc},
                                     {Py_tp_methods, scroll_methods},
                                     {0, NULL}};
static PyType_Spec scroll_spec = {MODULE_NAME ".Scroll", sizeof(Scroll), 0, Py_TPFLAGS_DEFAULT,
                                  scroll_slots};

static int fill(PyObject *module) { return specimen_type(module, &scroll_spec) ? 0 : -1; }
static PyMethodDef functions[] = {ALIVE_METHOD, {NULL, NULL, 0, NULL}};
SPECIMEN_MODULE(functions, fill)
