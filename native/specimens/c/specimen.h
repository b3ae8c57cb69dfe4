/* What every raw C API specimen needs and nothing else: FIXED and MODULE come from build.py. */
#ifndef SPECIMEN_H
#define SPECIMEN_H
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdlib.h>
#include <string.h>

#if !defined(FIXED) || !defined(MODULE)
#error "build.py passes -DFIXED=0|1 and -DMODULE=spec_<name>_bug|fixed"
#endif

#define SPECIMEN_PASTE_(a, b) a##b
#define SPECIMEN_PASTE(a, b) SPECIMEN_PASTE_(a, b)
#define SPECIMEN_TEXT_(a) #a
#define SPECIMEN_TEXT(a) SPECIMEN_TEXT_(a)
#define MODULE_NAME SPECIMEN_TEXT(MODULE)

/* Native objects alive: the ledger of the library. All of them are counted under the GIL. */
static long native_alive;
static inline PyObject *specimen_alive(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(arg)) {
    return PyLong_FromLong(native_alive);
}
#define ALIVE_METHOD {"alive", specimen_alive, METH_NOARGS, "Native objects alive."}

/* A heap type made from its spec, added to the module under the last part of its name; borrowed. */
static inline PyTypeObject *specimen_type(PyObject *module, PyType_Spec *spec) {
    PyTypeObject *type = (PyTypeObject *)PyType_FromSpec(spec);
    if (type == NULL || PyModule_AddType(module, type) < 0) {
        Py_XDECREF(type);
        return NULL;
    }
    Py_DECREF(type); /* the module keeps one */
    return type;
}

/* The end of tp_dealloc of an instance of a heap type without a collector. */
static inline void specimen_release(PyObject *self) {
    PyTypeObject *type = Py_TYPE(self);
    type->tp_free(self);
    Py_DECREF(type);
}

#define SPECIMEN_MODULE(methods, fill)                                                             \
    static struct PyModuleDef module_def = {PyModuleDef_HEAD_INIT, MODULE_NAME, NULL, -1, methods, \
                                            NULL, NULL, NULL, NULL};                               \
    PyMODINIT_FUNC SPECIMEN_PASTE(PyInit_, MODULE)(void) {                                         \
        PyObject *module = PyModule_Create(&module_def);                                           \
        if (module != NULL && fill(module) < 0) Py_CLEAR(module);                                  \
        return module;                                                                             \
    }
#endif
