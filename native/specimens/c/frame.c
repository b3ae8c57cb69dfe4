/* frame: a picture whose sum() lets other threads run while it adds up.
 * Class      MAD-18 dispose while in use.
 * Mechanism  sum() gives up the GIL and reads; close() on another thread frees in between. The
 *            window has no width: giving up the GIL is the last thing before the read. The fixed
 *            twin counts its users, the last of which frees.
 * Program    create; sum on one thread, close on another     Threads 2     Known minimum 3 steps
 * Model      https://github.com/jnwatson/py-lmdb/issues/418 (closed while a call has let go) */
#include "specimen.h"
#include "window.h"

struct pixels {
    long width, height;
    long *volatile first; /* cleared at the end, which no compiler may leave out */
};

typedef struct {
    PyObject_HEAD
    struct pixels *pixels;
    int users, closed;
} Frame;

static PyObject *frame_new(PyTypeObject *type, PyObject *Py_UNUSED(args), PyObject *Py_UNUSED(kwargs)) {
    Frame *self = (Frame *)type->tp_alloc(type, 0);
    if (self == NULL) return NULL;
    self->pixels = calloc(1, sizeof *self->pixels);
    if (self->pixels == NULL || (self->pixels->first = calloc(1, sizeof(long))) == NULL) abort();
    native_alive++;
    return (PyObject *)self;
}

/* Frees what was closed and is not in use. */
static void settle(Frame *self) {
    if (!self->closed || self->users || self->pixels == NULL) return;
    free(self->pixels->first);
    self->pixels->first = NULL;
    free(self->pixels);
    self->pixels = NULL;
    native_alive--;
}

static PyObject *frame_sum(Frame *self, PyObject *Py_UNUSED(arg)) {
    if (self->closed) return PyErr_Format(PyExc_ValueError, "frame is closed");
    struct pixels *pixels = self->pixels;
    self->users += FIXED;
    long sum;
    Py_BEGIN_ALLOW_THREADS
    window();
    sum = *pixels->first;
    Py_END_ALLOW_THREADS
    self->users -= FIXED;
    settle(self);
    return PyLong_FromLong(sum);
}

static PyObject *frame_close(Frame *self, PyObject *Py_UNUSED(arg)) {
    self->closed = 1;
    settle(self);
    Py_RETURN_NONE;
}

static void frame_dealloc(Frame *self) {
    self->closed = 1;
    settle(self);
    specimen_release((PyObject *)self);
}

static PyMethodDef frame_methods[] = {
    {"sum", (PyCFunction)frame_sum, METH_NOARGS, "The sum of its pixels."},
    {"close", (PyCFunction)frame_close, METH_NOARGS, "Give the pixels back."},
    {NULL, NULL, 0, NULL}};
static PyType_Slot frame_slots[] = {{Py_tp_new, frame_new},
                                    {Py_tp_dealloc, frame_dealloc},
                                    {Py_tp_methods, frame_methods},
                                    {0, NULL}};
static PyType_Spec frame_spec = {MODULE_NAME ".Frame", sizeof(Frame), 0, Py_TPFLAGS_DEFAULT, frame_slots};

static int fill(PyObject *module) { return specimen_type(module, &frame_spec) ? 0 : -1; }
static PyMethodDef functions[] = {ALIVE_METHOD, {NULL, NULL, 0, NULL}};
SPECIMEN_MODULE(functions, fill)
