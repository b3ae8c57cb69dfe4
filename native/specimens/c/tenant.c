/* tenant: houses and their tenants; a tenant holds its house, and signs off when it leaves.
 * Class      MAD-08 use of a finalized but reachable object (finalization order in a cycle).
 * Mechanism  the finalizer of a house frees its book and leaves the pointer. In a garbage cycle the collector finalizes in any
 *            order: first the house, then the tenant, who signs off in a book that is gone. The fixed twin says that it is gone.
 * Program    build, move in, leave both to the collector       Threads 1       Known minimum 3 steps
 * Model      https://github.com/mozilla/uniffi-rs/issues/201 (finalized objects that others can still reach) */
#include "specimen.h"

struct book {
    long *signatures;
    long tenants;
    char paper[240];
};

typedef struct {
    PyObject_HEAD
    struct book *book;
    int closed;
} House;

typedef struct {
    PyObject_HEAD
    House *house;
    int gone;
} Tenant;

static PyTypeObject *tenant_type;

static void close_house(House *self) {
    if (self->closed) return;
    self->closed = 1;
    free(self->book->signatures);
    free(self->book);
    self->book = NULL;
    native_alive--;
}

static PyObject *house_new(PyTypeObject *type, PyObject *Py_UNUSED(args), PyObject *Py_UNUSED(kwargs)) {
    House *self = (House *)type->tp_alloc(type, 0);
    if (self == NULL) return NULL;
    self->closed = 1;
    self->book = calloc(1, sizeof *self->book);
    if (self->book != NULL) self->book->signatures = calloc(64, sizeof(long));
    if (self->book == NULL || self->book->signatures == NULL) {
        free(self->book);
        Py_DECREF(self);
        return PyErr_NoMemory();
    }
    self->closed = 0;
    native_alive++;
    return (PyObject *)self;
}

static PyObject *house_close(House *self, PyObject *Py_UNUSED(arg)) {
    close_house(self);
    Py_RETURN_NONE;
}

static PyObject *house_let(House *self, PyObject *Py_UNUSED(arg)) {
    if (self->closed) return PyErr_Format(PyExc_ValueError, "house is closed");
    Tenant *tenant = (Tenant *)tenant_type->tp_alloc(tenant_type, 0);
    if (tenant == NULL) return NULL;
    Py_INCREF(self);
    tenant->house = self;
    self->book->tenants++;
    return (PyObject *)tenant;
}

static void house_finalize(House *self) {
#if FIXED
    close_house(self);
#else
    if (self->closed) return;
    memset(self->book->signatures, 0, 64 * sizeof(long));
    free(self->book->signatures); /* nobody will look */
    self->book->signatures = NULL;
#endif
}

static int house_traverse(House *self, visitproc visit, void *arg) {
    Py_VISIT(Py_TYPE(self));
    return 0;
}

static void house_dealloc(House *self) {
    if (PyObject_CallFinalizerFromDealloc((PyObject *)self) < 0) return;
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    close_house(self);
    type->tp_free(self);
    Py_DECREF(type);
}

/* Sign off, if there is a house to sign off from. */
static void move_out(Tenant *self) {
    if (self->gone || self->house == NULL) return;
    self->gone = 1;
    if (self->house->closed) return;
    struct book *book = self->house->book;
    book->tenants--;
    book->signatures[0]++;
}

static PyObject *tenant_rent(Tenant *self, PyObject *Py_UNUSED(arg)) {
    if (self->gone || self->house == NULL || self->house->closed) return PyErr_Format(PyExc_ValueError, "tenant has moved out");
#if !FIXED
    if (self->house->book->signatures == NULL) return PyErr_Format(PyExc_ValueError, "house is closed"); /* not the bug planted here */
#endif
    return PyLong_FromLong(self->house->book->tenants);
}

static PyObject *tenant_close(Tenant *self, PyObject *Py_UNUSED(arg)) {
    move_out(self);
    Py_RETURN_NONE;
}

static void tenant_finalize(Tenant *self) { move_out(self); }

static int tenant_traverse(Tenant *self, visitproc visit, void *arg) {
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(self->house);
    return 0;
}

static int tenant_clear(Tenant *self) {
    Py_CLEAR(self->house);
    return 0;
}

static void tenant_dealloc(Tenant *self) {
    if (PyObject_CallFinalizerFromDealloc((PyObject *)self) < 0) return;
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    tenant_clear(self);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyMethodDef house_methods[] = {{"let", (PyCFunction)house_let, METH_NOARGS, "A new tenant."},
                                      {"close", (PyCFunction)house_close, METH_NOARGS, "Give the book back."},
                                      {NULL, NULL, 0, NULL}};
static PyType_Slot house_slots[] = {{Py_tp_new, house_new},           {Py_tp_dealloc, house_dealloc},
                                    {Py_tp_finalize, house_finalize}, {Py_tp_traverse, house_traverse},
                                    {Py_tp_methods, house_methods},   {0, NULL}};
static PyType_Spec house_spec = {MODULE_NAME ".House", sizeof(House), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
                                 house_slots};

static PyMethodDef tenant_methods[] = {{"rent", (PyCFunction)tenant_rent, METH_NOARGS, "Tenants of the house."},
                                       {"close", (PyCFunction)tenant_close, METH_NOARGS, "Move out."},
                                       {NULL, NULL, 0, NULL}};
static PyType_Slot tenant_slots[] = {{Py_tp_dealloc, tenant_dealloc}, {Py_tp_finalize, tenant_finalize},
                                     {Py_tp_traverse, tenant_traverse}, {Py_tp_clear, tenant_clear},
                                     {Py_tp_methods, tenant_methods}, {0, NULL}};
static PyType_Spec tenant_spec = {MODULE_NAME ".Tenant", sizeof(Tenant), 0,
                                  Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION, tenant_slots};

static int fill(PyObject *module) {
    tenant_type = specimen_type(module, &tenant_spec);
    return tenant_type && specimen_type(module, &house_spec) ? 0 : -1;
}
static PyMethodDef functions[] = {ALIVE_METHOD, {NULL, NULL, 0, NULL}};
SPECIMEN_MODULE(functions, fill)
