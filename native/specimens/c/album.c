/* album: an album of pictures; its finalizer frees the pages.
 * Class      MAD-09 resurrection.
 * Mechanism  tp_finalize frees the native half, "the object is going away": it forgets that a finalizer in the same
 *            cycle may give the object back. The fixed twin closes the album in its finalizer, so that methods refuse.
 * Program    open; resurrect; count       Threads 1       Known minimum 3 steps
 * Model      https://github.com/pypy/pypy/issues/2287 (a resurrected array crashes) */
#include "specimen.h"

struct pages {
    long count;
    char paper[240];
};

typedef struct {
    PyObject_HEAD
    struct pages *pages;
    int closed;
    PyObject *note; /* any object: so the collector looks in */
} Album;

static PyObject *album_new(PyTypeObject *type, PyObject *Py_UNUSED(args), PyObject *Py_UNUSED(kwargs)) {
    Album *self = (Album *)type->tp_alloc(type, 0);
    if (self == NULL) return NULL;
    self->closed = 1;
    self->pages = calloc(1, sizeof *self->pages);
    if (self->pages == NULL) {
        Py_DECREF(self);
        return PyErr_NoMemory();
    }
    self->closed = 0;
    native_alive++;
    return (PyObject *)self;
}

static void close_now(Album *self) {
    if (self->closed) return;
    self->closed = 1;
    free(self->pages);
    native_alive--;
}

static PyObject *album_add(Album *self, PyObject *arg) {
    if (self->closed) return PyErr_Format(PyExc_ValueError, "album is closed");
    PyObject *old = self->note;
    Py_INCREF(arg);
    self->note = arg;
    self->pages->count++;
    Py_XDECREF(old);
    Py_RETURN_NONE;
}

static PyObject *album_count(Album *self, PyObject *Py_UNUSED(arg)) {
    if (self->closed) return PyErr_Format(PyExc_ValueError, "album is closed");
    return PyLong_FromLong(self->pages->count);
}

static PyObject *album_close(Album *self, PyObject *Py_UNUSED(arg)) {
    close_now(self);
    Py_CLEAR(self->note);
    Py_RETURN_NONE;
}

static void album_finalize(Album *self) {
#if FIXED
    close_now(self);
#else
    if (!self->closed) {
        free(self->pages);
        native_alive--;
    }
#endif
}

static int album_traverse(Album *self, visitproc visit, void *arg) {
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(self->note);
    return 0;
}

static int album_clear(Album *self) {
    Py_CLEAR(self->note);
    return 0;
}

static void album_dealloc(Album *self) {
    if (PyObject_CallFinalizerFromDealloc((PyObject *)self) < 0) return;
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    album_clear(self);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyMethodDef album_methods[] = {
    {"add", (PyCFunction)album_add, METH_O, "Add a picture."},
    {"count", (PyCFunction)album_count, METH_NOARGS, "Pictures in it."},
    {"close", (PyCFunction)album_close, METH_NOARGS, "Give the pages back."},
    {NULL, NULL, 0, NULL}};
static PyType_Slot album_slots[] = {{Py_tp_new, album_new},
                                    {Py_tp_dealloc, album_dealloc},
                                    {Py_tp_finalize, album_finalize},
                                    {Py_tp_traverse, album_traverse},
                                    {Py_tp_clear, album_clear},
                                    {Py_tp_methods, album_methods},
                                    {0, NULL}};
static PyType_Spec album_spec = {MODULE_NAME ".Album", sizeof(Album), 0,
                                 Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC, album_slots};

static int fill(PyObject *module) { return specimen_type(module, &album_spec) ? 0 : -1; }
static PyMethodDef functions[] = {ALIVE_METHOD, {NULL, NULL, 0, NULL}};
SPECIMEN_MODULE(functions, fill)
