/* chunk: native memory that lends itself out through the buffer protocol.
 * Class      MAD-11 export outlives storage.
 * Mechanism  resize() moves the memory without asking how many views are out. close() is right in
 *            both twins: the memory stays until the last view has gone.
 * Program    allocate, view, resize, head       Threads 1       Known minimum 4 steps
 * Model      https://github.com/python/cpython/issues/92888 (memoryview over moved storage) */
#include "specimen.h"

typedef struct {
    PyObject_HEAD
    char *memory;
    Py_ssize_t size;
    Py_ssize_t exports;
    int closed;
} Chunk;

static PyObject *chunk_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    static char *names[] = {"size", "fill", NULL};
    Py_ssize_t size = 64;
    unsigned char fill = 1;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|nb", names, &size, &fill)) return NULL;
    if (size < 1) return PyErr_Format(PyExc_ValueError, "size must be positive");
    Chunk *self = (Chunk *)type->tp_alloc(type, 0);
    if (self == NULL) return NULL;
    self->memory = malloc(size);
    if (self->memory == NULL) {
        Py_DECREF(self);
        return PyErr_NoMemory();
    }
    memset(self->memory, fill, size);
    self->size = size;
    native_alive++;
    return (PyObject *)self;
}

static int refuse_closed(Chunk *self) {
    if (self->closed) PyErr_SetString(PyExc_ValueError, "chunk is closed");
    return self->closed;
}

static void free_when_done(Chunk *self) {
    if (!self->closed || self->exports > 0 || self->memory == NULL) return;
    free(self->memory);
    self->memory = NULL;
    native_alive--;
}

static int chunk_export(Chunk *self, Py_buffer *view, int flags) {
    view->obj = NULL;
    if (refuse_closed(self)) return -1;
    if (PyBuffer_FillInfo(view, (PyObject *)self, self->memory, self->size, 0, flags) < 0) return -1;
    self->exports++;
    return 0;
}

static void chunk_return(Chunk *self, Py_buffer *Py_UNUSED(view)) {
    self->exports--;
    free_when_done(self);
}

static PyObject *chunk_resize(Chunk *self, PyObject *arg) {
    Py_ssize_t size = PyLong_Check(arg) ? PyLong_AsSsize_t(arg) : 0; /* runs no Python code */
    if (size == -1 && PyErr_Occurred()) return NULL;
    if (refuse_closed(self)) return NULL;
    if (size < 1) return PyErr_Format(PyExc_ValueError, "size must be positive");
#if FIXED
    if (self->exports > 0) return PyErr_Format(PyExc_BufferError, "a view is out");
#endif
    char *moved = calloc(1, size);
    if (moved == NULL) return PyErr_NoMemory();
    memcpy(moved, self->memory, size < self->size ? size : self->size);
    free(self->memory);
    self->memory = moved;
    self->size = size;
    Py_RETURN_NONE;
}

static PyObject *chunk_close(Chunk *self, PyObject *Py_UNUSED(arg)) {
    self->closed = 1;
    free_when_done(self);
    Py_RETURN_NONE;
}

static void chunk_dealloc(Chunk *self) { /* a view holds the chunk: no export is left here */
    self->closed = 1;
    free_when_done(self);
    specimen_release((PyObject *)self);
}

static PyMethodDef chunk_methods[] = {
    {"resize", (PyCFunction)chunk_resize, METH_O, "Move the bytes into memory of another size."},
    {"close", (PyCFunction)chunk_close, METH_NOARGS, "Give the memory back."},
    {NULL, NULL, 0, NULL}};
static PyType_Slot chunk_slots[] = {{Py_tp_new, chunk_new},
                                    {Py_tp_dealloc, chunk_dealloc},
                                    {Py_tp_methods, chunk_methods},
                                    {Py_bf_getbuffer, chunk_export},
                                    {Py_bf_releasebuffer, chunk_return},
                                    {0, NULL}};
static PyType_Spec chunk_spec = {MODULE_NAME ".Chunk", sizeof(Chunk), 0, Py_TPFLAGS_DEFAULT, chunk_slots};

static int fill(PyObject *module) { return specimen_type(module, &chunk_spec) ? 0 : -1; }
static PyMethodDef functions[] = {ALIVE_METHOD, {NULL, NULL, 0, NULL}};
SPECIMEN_MODULE(functions, fill)
