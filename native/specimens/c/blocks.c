/* blocks: pieces of native memory that can be released, used in every way that memory is used.
 * Class      MAD-01 use after dispose (by `kind` it shows as a read, a write, a second free, a system call …).
 * Mechanism  release() frees the node and keeps the pointer; use() does not ask. `kind` says what use() does with the
 *            node, and what release() does after freeing it: the twelve ways in which evidence modes differ.
 * Program    make a block, release it, use it
 *            Threads 1       Known minimum 3 steps
 * Model      https://github.com/duckdb/duckdb/issues/5560 (use of a closed connection) */
#include "specimen.h"
#include <errno.h>
#include <pthread.h>
#include <unistd.h>

typedef struct {
    long value;
    char name[64];
} Node;

enum { LARGE = 100000, CHURN = 5000, CHUNK = 65536, OTHERS = 64 };

enum kind {
    READ, WRITE, FREE, ONE_CALL, REUSED_READ, REUSED_WRITE, REUSED_FREE, COPY, SYSTEM_CALL, RESIZED, OTHER_THREAD, CHURNED,
    KINDS
};
static const char *const names[KINDS] = {
    "read", "write", "free", "one_call", "reused_read", "reused_write", "reused_free", "copy", "system_call", "resized",
    "other_thread", "churned"};

typedef struct {
    PyObject_HEAD
    enum kind kind;
    int released;
    Node *volatile node; /* stays after release() in the wrong twin */
    Node *others[OTHERS];
} Block;

static PyObject *block_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    static char *keywords[] = {"kind", NULL};
    const char *name = "read";
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|s", keywords, &name)) return NULL;
    int kind = 0;
    while (kind < KINDS && strcmp(names[kind], name) != 0) kind++;
    if (kind == KINDS) return PyErr_Format(PyExc_ValueError, "no kind %s", name);
    Block *self = (Block *)type->tp_alloc(type, 0);
    if (self == NULL) return NULL;
    self->kind = (enum kind)kind;
    self->node = malloc(kind == SYSTEM_CALL ? LARGE : sizeof(Node));
    if (self->node == NULL) {
        self->released = 1;
        Py_DECREF(self);
        return PyErr_NoMemory();
    }
    memset(self->node, 'x', kind == SYSTEM_CALL ? LARGE : sizeof(Node));
    self->node->value = 7;
    native_alive++;
    return (PyObject *)self;
}

static void *free_elsewhere(void *node) {
    free(node);
    return NULL;
}

/* Others of the same size: one of them gets the place that has become free. */
static void reuse(Block *self) {
    for (int i = 0; i < OTHERS; i++) {
        self->others[i] = malloc(sizeof(Node));
        if (self->others[i] != NULL) self->others[i]->value = 1234;
    }
}

static void let_go(Block *self) {
    Node *node = self->node;
    self->released = 1;
    native_alive--;
#if FIXED
    self->node = NULL;
#endif
    switch (self->kind) {
    case RESIZED: {
        Node *moved = realloc(node, 4000);
        free(moved != NULL ? moved : node);
        break;
    }
    case OTHER_THREAD: {
        pthread_t thread;
        if (pthread_create(&thread, NULL, free_elsewhere, node) == 0)
            pthread_join(thread, NULL);
        else
            free(node);
        break;
    }
    case CHURNED:
        free(node);
        for (int i = 0; i < CHURN; i++) {
            char *volatile chunk = malloc(CHUNK);
            if (chunk != NULL) chunk[0] = 1;
            free(chunk);
        }
        reuse(self);
        break;
    case REUSED_READ:
    case REUSED_WRITE:
    case REUSED_FREE:
        free(node);
        reuse(self);
        break;
    case ONE_CALL:
#if FIXED
        free(node);
#endif
        break; /* use() frees it in the wrong twin, just before it reads */
    default:
        free(node);
    }
}

static PyObject *block_release(Block *self, PyObject *Py_UNUSED(arg)) {
    if (!self->released) let_go(self);
    Py_RETURN_NONE;
}

static PyObject *write_out(Block *self) {
    int ends[2];
    if (pipe(ends) != 0) return PyErr_SetFromErrno(PyExc_OSError);
    ssize_t written = write(ends[1], self->node, 4096);
    int why = errno;
    close(ends[0]);
    close(ends[1]);
    errno = why;
    return written < 0 ? PyErr_SetFromErrno(PyExc_OSError) : PyLong_FromSsize_t(written);
}

static PyObject *block_use(Block *self, PyObject *Py_UNUSED(arg)) {
#if FIXED
    if (self->released) return PyErr_Format(PyExc_ValueError, "block is released");
#endif
    Node *node = self->node;
    switch (self->kind) {
    case WRITE:
    case REUSED_WRITE:
        node->value = 99;
        Py_RETURN_NONE;
    case FREE:
    case REUSED_FREE:
        if (self->released) free(node);
        Py_RETURN_NONE;
    case ONE_CALL:
        if (self->released) free(node);
        return PyLong_FromLong(((Node volatile *)node)->value);
    case COPY: {
        Node copy;
        memcpy(&copy, node, sizeof copy);
        return PyLong_FromLong(copy.value);
    }
    case SYSTEM_CALL:
        return write_out(self);
    default:
        return PyLong_FromLong(((Node volatile *)node)->value);
    }
}

static void block_dealloc(Block *self) {
    if (!self->released) let_go(self);
    for (int i = 0; i < OTHERS; i++) free(self->others[i]);
    specimen_release((PyObject *)self);
}

static PyMethodDef block_methods[] = {
    {"release", (PyCFunction)block_release, METH_NOARGS, "Give the memory back."},
    {"use", (PyCFunction)block_use, METH_NOARGS, "Do with the memory what the kind says."},
    {NULL, NULL, 0, NULL}};
static PyType_Slot block_slots[] = {
    {Py_tp_new, block_new}, {Py_tp_dealloc, block_dealloc}, {Py_tp_methods, block_methods}, {0, NULL}};
static PyType_Spec block_spec = {MODULE_NAME ".Block", sizeof(Block), 0, Py_TPFLAGS_DEFAULT, block_slots};

static int fill(PyObject *module) {
    if (specimen_type(module, &block_spec) == NULL) return -1;
    PyObject *all = PyTuple_New(KINDS);
    if (all == NULL) return -1;
    for (int i = 0; i < KINDS; i++) {
        PyObject *name = PyUnicode_FromString(names[i]);
        if (name == NULL || PyTuple_SetItem(all, i, name) < 0) {
            Py_DECREF(all);
            return -1;
        }
    }
    if (PyModule_AddObject(module, "KINDS", all) < 0) {
        Py_DECREF(all);
        return -1;
    }
    return 0;
}
static PyMethodDef functions[] = {ALIVE_METHOD, {NULL, NULL, 0, NULL}};
SPECIMEN_MODULE(functions, fill)
