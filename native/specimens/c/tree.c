/* tree: a parsed document and its nodes; a node looks into the document's memory.
 * Class      MAD-05 child outlives parent.
 * Mechanism  a node holds no count on the native tree, so the tree dies with its Document.
 *            close() is safe: it empties the tree and the nodes see that.
 * Program    parse, node, drop the document, value      Threads 1      Known minimum 4 steps
 * Model      https://github.com/pybind/pybind11/issues/4124 (keep_alive silently not applied) */
#include "specimen.h"

#define NODES 24
struct tree {
    long values[NODES];
    long holders;
    int closed;
};

typedef struct {
    PyObject_HEAD
    struct tree *tree;
} Document;

typedef struct {
    PyObject_HEAD
    struct tree *tree;
    long index;
} Node;

static PyTypeObject *node_type;

static void let_go(struct tree *tree) {
    if (tree == NULL || --tree->holders > 0) return;
    free(tree);
    native_alive--;
}

static PyObject *document_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    static char *names[] = {"first", NULL};
    long first = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|l", names, &first)) return NULL;
    Document *self = (Document *)type->tp_alloc(type, 0);
    if (self == NULL) return NULL;
    self->tree = calloc(1, sizeof *self->tree);
    if (self->tree == NULL) {
        Py_DECREF(self);
        return PyErr_NoMemory();
    }
    native_alive++;
    self->tree->holders = 1;
    for (long i = 0; i < NODES; i++) self->tree->values[i] = first + i;
    return (PyObject *)self;
}

static PyObject *document_node(Document *self, PyObject *arg) {
    long index = PyLong_AsLong(arg);
    if (index == -1 && PyErr_Occurred()) return NULL;
    if (self->tree->closed) return PyErr_Format(PyExc_ValueError, "document is closed");
    if (index < 0 || index >= NODES) return PyErr_Format(PyExc_IndexError, "no such node");
    Node *node = (Node *)node_type->tp_alloc(node_type, 0);
    if (node == NULL) return NULL;
    node->tree = self->tree;
    node->index = index;
#if FIXED
    self->tree->holders++;
#endif
    return (PyObject *)node;
}

static PyObject *document_close(Document *self, PyObject *Py_UNUSED(arg)) {
    self->tree->closed = 1;
    Py_RETURN_NONE;
}

static void document_dealloc(Document *self) {
    let_go(self->tree);
    specimen_release((PyObject *)self);
}

static PyObject *node_value(Node *self, PyObject *Py_UNUSED(arg)) {
    if (self->tree->closed == 1) return PyErr_Format(PyExc_ValueError, "document is closed");
    return PyLong_FromLong(self->tree->values[self->index]);
}

static void node_dealloc(Node *self) {
#if FIXED
    let_go(self->tree);
#endif
    specimen_release((PyObject *)self);
}

static PyMethodDef document_methods[] = {
    {"node", (PyCFunction)document_node, METH_O, "The node at an index."},
    {"close", (PyCFunction)document_close, METH_NOARGS, "End the document and its nodes."},
    {NULL, NULL, 0, NULL}};
static PyMethodDef node_methods[] = {
    {"value", (PyCFunction)node_value, METH_NOARGS, "What stands in the document."},
    {NULL, NULL, 0, NULL}};
static PyType_Slot document_slots[] = {{Py_tp_new, document_new},
                                       {Py_tp_dealloc, document_dealloc},
                                       {Py_tp_methods, document_methods},
                                       {0, NULL}};
static PyType_Slot node_slots[] = {
    {Py_tp_dealloc, node_dealloc}, {Py_tp_methods, node_methods}, {0, NULL}};
static PyType_Spec document_spec = {MODULE_NAME ".Document", sizeof(Document), 0,
                                    Py_TPFLAGS_DEFAULT, document_slots};
static PyType_Spec node_spec = {MODULE_NAME ".Node", sizeof(Node), 0,
                                Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, node_slots};

static int fill(PyObject *module) {
    node_type = specimen_type(module, &node_spec);
    return node_type && specimen_type(module, &document_spec) ? 0 : -1;
}
static PyMethodDef functions[] = {ALIVE_METHOD, {NULL, NULL, 0, NULL}};
SPECIMEN_MODULE(functions, fill)
