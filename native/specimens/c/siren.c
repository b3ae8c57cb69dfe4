/* siren: calls once what was registered, by the context that came with it.
 * Class      MAD-13 callback after its target died.
 * Mechanism  fire() frees the context, the callable in it included, and leaves its address with the line: the next fire()
 *            calls it again.
 * Program    create, once(callback), fire, fire       Threads 1       Known minimum 4 steps
 * Model      https://github.com/flux-framework/flux-core/issues/629 (a handle passed as context died before its callback) */
#include "specimen.h"

struct context {
    char label[32];
    PyObject *callable;
};

typedef struct {
    PyObject_HEAD
    struct context *context; /* owned */
    struct context *line;    /* what is called when it fires */
    int closed;
} Siren;

static PyObject *siren_new(PyTypeObject *type, PyObject *Py_UNUSED(args), PyObject *Py_UNUSED(kwargs)) {
    Siren *self = (Siren *)type->tp_alloc(type, 0);
    if (self != NULL) native_alive++;
    return (PyObject *)self;
}

static int refuse_closed(Siren *self) {
    if (self->closed) PyErr_SetString(PyExc_ValueError, "siren is closed");
    return self->closed;
}

static void end_context(Siren *self) {
    struct context *context = self->context;
    self->context = NULL;
    if (context == NULL) return;
    PyObject *callable = context->callable;
    memset(context, 0, sizeof *context);
    free(context);
    Py_DECREF(callable);
}

static PyObject *siren_once(Siren *self, PyObject *callable) {
    if (refuse_closed(self)) return NULL;
    struct context *context = calloc(1, sizeof *context);
    if (context == NULL) return PyErr_NoMemory();
    Py_INCREF(callable);
    context->callable = callable;
    struct context *old = self->context;
    PyObject *replaced = old == NULL ? NULL : old->callable;
    self->line = self->context = context;
    free(old);
    Py_XDECREF(replaced);
    Py_RETURN_NONE;
}

static PyObject *siren_fire(Siren *self, PyObject *Py_UNUSED(arg)) {
    if (refuse_closed(self)) return NULL;
    if (self->line == NULL) Py_RETURN_NONE;
    PyObject *callable = self->line->callable;
    Py_INCREF(callable);
#if FIXED
    self->line = NULL;
#endif
    end_context(self);
    PyObject *answer = PyObject_CallNoArgs(callable);
    Py_DECREF(callable);
    return answer;
}

static PyObject *siren_close(Siren *self, PyObject *Py_UNUSED(arg)) {
    self->closed = 1;
    self->line = NULL;
    end_context(self);
    Py_RETURN_NONE;
}

static int siren_traverse(Siren *self, visitproc visit, void *arg) {
    Py_VISIT(Py_TYPE(self));
    if (self->context != NULL) Py_VISIT(self->context->callable);
    return 0;
}

static int siren_clear(Siren *self) {
    self->line = NULL;
    end_context(self);
    return 0;
}

static void siren_dealloc(Siren *self) {
    PyObject_GC_UnTrack(self);
    siren_clear(self);
    native_alive--;
    specimen_release((PyObject *)self);
}

static PyMethodDef siren_methods[] = {
    {"once", (PyCFunction)siren_once, METH_O, "Register what is called by the next fire(), in place of the last."},
    {"fire", (PyCFunction)siren_fire, METH_NOARGS, "Call it."},
    {"close", (PyCFunction)siren_close, METH_NOARGS, "The end."},
    {NULL, NULL, 0, NULL}};
static PyType_Slot siren_slots[] = {{Py_tp_new, siren_new},
                                    {Py_tp_dealloc, siren_dealloc},
                                    {Py_tp_traverse, siren_traverse},
                                    {Py_tp_clear, siren_clear},
                                    {Py_tp_methods, siren_methods},
                                    {0, NULL}};
static PyType_Spec siren_spec = {MODULE_NAME ".Siren", sizeof(Siren), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
                                 siren_slots};

static int fill(PyObject *module) { return specimen_type(module, &siren_spec) ? 0 : -1; }
static PyMethodDef functions[] = {ALIVE_METHOD, {NULL, NULL, 0, NULL}};
SPECIMEN_MODULE(functions, fill)
