/* engine: files of a storage engine that the library starts at import and stops at exit.
 * Class      MAD-10 native teardown order.
 * Mechanism  the engine is stopped by an atexit hook; a file that is still open is finalized later
 *            and signs off at an engine that is gone.
 * Program    open, interpreter exit with the file alive    Threads 1    Known minimum 1 step
 * Model      https://github.com/apache/arrow/issues/38352 (S3 finalized before its last user) */
#include "specimen.h"

struct engine {
    long open_files;
    int stopped;
};
static struct engine *engine;

typedef struct {
    PyObject_HEAD
    long position;
    int closed;
} File;

static PyObject *file_new(PyTypeObject *type, PyObject *Py_UNUSED(args), PyObject *Py_UNUSED(kwargs)) {
    if (engine == NULL || engine->stopped) return PyErr_Format(PyExc_RuntimeError, "engine stopped");
    File *self = (File *)type->tp_alloc(type, 0);
    if (self == NULL) return NULL;
    engine->open_files++;
    native_alive++;
    return (PyObject *)self;
}

static PyObject *file_read(File *self, PyObject *Py_UNUSED(arg)) {
    if (self->closed) return PyErr_Format(PyExc_ValueError, "file is closed");
    if (engine == NULL || engine->stopped) return PyErr_Format(PyExc_RuntimeError, "engine stopped");
    return PyLong_FromLong(self->position++);
}

static void close_now(File *self) {
    if (self->closed) return;
    self->closed = 1;
    native_alive--;
    engine->open_files--; /* the engine must outlive its files */
#if FIXED
    if (engine->stopped && engine->open_files == 0) {
        free(engine);
        engine = NULL;
    }
#endif
}

static PyObject *file_close(File *self, PyObject *Py_UNUSED(arg)) {
    close_now(self);
    Py_RETURN_NONE;
}

static void file_dealloc(File *self) {
    close_now(self);
    specimen_release((PyObject *)self);
}

static PyObject *engine_stop(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(arg)) {
    if (engine == NULL) Py_RETURN_NONE;
    engine->stopped = 1;
#if FIXED
    if (engine->open_files > 0) Py_RETURN_NONE; /* the last file to close frees it */
#endif
    free(engine);
    engine = NULL;
    Py_RETURN_NONE;
}
static PyMethodDef stop_method = {"_stop", engine_stop, METH_NOARGS, "The exit hook."};

static PyMethodDef file_methods[] = {
    {"read", (PyCFunction)file_read, METH_NOARGS, "The next position."},
    {"close", (PyCFunction)file_close, METH_NOARGS, "Sign off at the engine."},
    {NULL, NULL, 0, NULL}};
static PyType_Slot file_slots[] = {{Py_tp_new, file_new},
                                   {Py_tp_dealloc, file_dealloc},
                                   {Py_tp_methods, file_methods},
                                   {0, NULL}};
static PyType_Spec file_spec = {MODULE_NAME ".File", sizeof(File), 0, Py_TPFLAGS_DEFAULT, file_slots};

static int fill(PyObject *module) {
    engine = calloc(1, sizeof *engine);
    if (engine == NULL || specimen_type(module, &file_spec) == NULL) return -1;
    PyObject *stop = PyCFunction_New(&stop_method, NULL);
    PyObject *hooks = PyImport_ImportModule("atexit");
    PyObject *done = stop && hooks ? PyObject_CallMethod(hooks, "register", "O", stop) : NULL;
    Py_XDECREF(stop);
    Py_XDECREF(hooks);
    Py_XDECREF(done);
    return done ? 0 : -1;
}
static PyMethodDef functions[] = {ALIVE_METHOD, {NULL, NULL, 0, NULL}};
SPECIMEN_MODULE(functions, fill)
