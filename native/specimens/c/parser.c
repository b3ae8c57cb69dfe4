/* parser: takes bytes now and gives them out later.
 * Class      MAD-12 native keeps a borrowed host buffer.
 * Mechanism  feed() keeps the address past PyBuffer_Release; the caller's buffer is gone by then.
 * Program    open, feed a temporary buffer, rest       Threads 1       Known minimum 3 steps
 * Model      https://github.com/apache/arrow/pull/1714 (ForeignBuffer did not keep its base) */
#include "specimen.h"

typedef struct {
    PyObject_HEAD
    char *data; /* owned by the parser in the fixed twin, by nobody in the other */
    Py_ssize_t size;
    long checksum;
    int closed;
} Parser;

static PyObject *parser_new(PyTypeObject *type, PyObject *Py_UNUSED(args), PyObject *Py_UNUSED(kwargs)) {
    Parser *self = (Parser *)type->tp_alloc(type, 0);
    if (self != NULL) native_alive++;
    return (PyObject *)self;
}

static void forget(Parser *self) {
#if FIXED
    free(self->data);
#endif
    self->data = NULL;
    self->size = self->checksum = 0;
}

static PyObject *parser_feed(Parser *self, PyObject *arg) {
    Py_buffer view;
    if (PyObject_GetBuffer(arg, &view, PyBUF_SIMPLE) < 0) return NULL;
    if (self->closed) {
        PyBuffer_Release(&view);
        return PyErr_Format(PyExc_ValueError, "parser is closed");
    }
    forget(self);
#if FIXED
    self->data = malloc(view.len + 1);
    if (self->data == NULL) {
        PyBuffer_Release(&view);
        return PyErr_NoMemory();
    }
    memcpy(self->data, view.buf, view.len);
#else
    self->data = view.buf;
#endif
    self->size = view.len;
    for (Py_ssize_t i = 0; i < view.len; i++) self->checksum += ((unsigned char *)view.buf)[i];
    PyBuffer_Release(&view);
    Py_RETURN_NONE;
}

static PyObject *parser_rest(Parser *self, PyObject *Py_UNUSED(arg)) {
    if (self->closed) return PyErr_Format(PyExc_ValueError, "parser is closed");
    return Py_BuildValue("(y#l)", self->data ? self->data : "", self->size, self->checksum);
}

static PyObject *parser_close(Parser *self, PyObject *Py_UNUSED(arg)) {
    self->closed = 1;
    forget(self);
    Py_RETURN_NONE;
}

static void parser_dealloc(Parser *self) {
    forget(self);
    native_alive--;
    specimen_release((PyObject *)self);
}

static PyMethodDef parser_methods[] = {
    {"feed", (PyCFunction)parser_feed, METH_O, "Take bytes in place of the last ones."},
    {"rest", (PyCFunction)parser_rest, METH_NOARGS, "The bytes not yet parsed, and the checksum taken when they came."},
    {"close", (PyCFunction)parser_close, METH_NOARGS, "Let the bytes go."},
    {NULL, NULL, 0, NULL}};
static PyType_Slot parser_slots[] = {{Py_tp_new, parser_new},
                                     {Py_tp_dealloc, parser_dealloc},
                                     {Py_tp_methods, parser_methods},
                                     {0, NULL}};
static PyType_Spec parser_spec = {MODULE_NAME ".Parser", sizeof(Parser), 0, Py_TPFLAGS_DEFAULT,
                                  parser_slots};

static int fill(PyObject *module) { return specimen_type(module, &parser_spec) ? 0 : -1; }
static PyMethodDef functions[] = {ALIVE_METHOD, {NULL, NULL, 0, NULL}};
SPECIMEN_MODULE(functions, fill)
