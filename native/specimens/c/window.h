/* A window of width zero, and the debugging hook that makes it wide: a script sets a function, the
 * next thread that comes by takes and runs it. Nothing sets one otherwise, and then it is no point
 * at which anything waits, sleeps or lets go. */
#ifndef WINDOW_H
#define WINDOW_H
#include <stddef.h>

static void (*in_window)(void);

void set_window(void (*hook)(void)) { __atomic_store_n(&in_window, hook, __ATOMIC_SEQ_CST); }

static inline void window(void) {
    if (__atomic_load_n(&in_window, __ATOMIC_RELAXED) == NULL) return;
    void (*hook)(void) = __atomic_exchange_n(&in_window, NULL, __ATOMIC_SEQ_CST);
    if (hook != NULL) hook();
}
#endif
