// The core of deadhand for C. Written by cbindgen from native/foreign/c: change that, and then
// `cargo test --test header -- --ignored`.
//
// A handle is a uint64_t; 0 is none. Every use is checked, so a handle that is gone gives a status, never a crash.
// Every function returns a status; answers go through pointers, and are zero if there is none. What went wrong is
// recorded for the thread, see deadhand_last_error_message. Closing what is closed does nothing.
//
// A pointer with a length leads to that many bytes, any other one to one object of its type, until the call returns.
// Null is an error where there must be something. Functions that are passed must not unwind, and may be called on any
// thread that the program uses or a runtime has; they may call back. What was handed out is given back once.


#ifndef DEADHAND_H
#define DEADHAND_H

#include <stddef.h>
#include <stdint.h>

// The version of this interface. A library with another one than `DEADHAND_VERSION` is not what the header describes.
#define DEADHAND_VERSION 1

// What became of a call. The numbers never change.
enum deadhand_status
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // It was done.
    DEADHAND_STATUS_OK = 0,
    // The number is no handle, or one that was changed.
    DEADHAND_STATUS_NOT_A_HANDLE = 1,
    // The handle is of another kind or table.
    DEADHAND_STATUS_WRONG_KIND = 2,
    // The object is gone.
    DEADHAND_STATUS_STALE = 3,
    // The object was disposed of and only waits for its last user.
    DEADHAND_STATUS_CLOSED = 4,
    // A call on the object panicked earlier.
    DEADHAND_STATUS_FENCED = 5,
    // The object takes one user at a time and has one.
    DEADHAND_STATUS_BUSY = 6,
    // The object cannot be disposed of or changed while it is in use.
    DEADHAND_STATUS_IN_USE = 7,
    // The object belongs to another thread.
    DEADHAND_STATUS_WRONG_THREAD = 8,
    // The object is being created.
    DEADHAND_STATUS_NOT_READY = 9,
    // No more of these can be made or counted.
    DEADHAND_STATUS_EXHAUSTED = 10,
    // The allocator refused.
    DEADHAND_STATUS_OUT_OF_MEMORY = 11,
    // This very call panicked, or a destructor did.
    DEADHAND_STATUS_PANICKED = 12,
    // The object cannot be disposed of before its children.
    DEADHAND_STATUS_HAS_CHILDREN = 13,
    // An argument is out of range, too long or too small.
    DEADHAND_STATUS_OUT_OF_RANGE = 20,
    // The right to look was taken away: a slice was revoked, its buffer was resized or is gone.
    DEADHAND_STATUS_REVOKED = 21,
    // A pointer is null where there must be something.
    DEADHAND_STATUS_NULL_POINTER = 22,
    // The channel is full or empty, or the task not done: try again.
    DEADHAND_STATUS_WOULD_BLOCK = 30,
    // Nothing changed in time.
    DEADHAND_STATUS_TIMED_OUT = 31,
    // The other side of the channel, or the end itself, is closed.
    DEADHAND_STATUS_DISCONNECTED = 32,
    // The target of a callback has died.
    DEADHAND_STATUS_DEAD = 40,
    // Callbacks are nested too deep.
    DEADHAND_STATUS_TOO_DEEP = 41,
    // The host's own callback said that it failed.
    DEADHAND_STATUS_HOST = 42,
    // The bytes are no text, or not what C can read.
    DEADHAND_STATUS_NOT_TEXT = 50,
    // The task was cancelled.
    DEADHAND_STATUS_CANCELLED = 60,
    // The runtime of the task was closed.
    DEADHAND_STATUS_RUNTIME_CLOSED = 61,
    // The result was taken already.
    DEADHAND_STATUS_TAKEN = 62,
    // Waiting here would never end.
    DEADHAND_STATUS_DEADLOCK = 63,
    // The operating system refused.
    DEADHAND_STATUS_SYSTEM = 70,
    // The database refused: damaged, or none at all.
    DEADHAND_STATUS_DATABASE = 71,
    // Something else.
    DEADHAND_STATUS_OTHER = 99,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum deadhand_status deadhand_status;
#else
typedef int32_t deadhand_status;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// How a task has ended.
enum deadhand_fate
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // It has not.
    DEADHAND_FATE_PENDING = 0,
    // With a result, which may have been taken since.
    DEADHAND_FATE_FINISHED = 1,
    // It was cancelled, or its handle closed.
    DEADHAND_FATE_CANCELLED = 2,
    // Its runtime was closed.
    DEADHAND_FATE_RUNTIME_CLOSED = 3,
    // It panicked.
    DEADHAND_FATE_PANICKED = 4,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum deadhand_fate deadhand_fate;
#else
typedef int32_t deadhand_fate;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// Bytes that native has allocated, and the host gives back with `deadhand_bytes_free`. No bytes at all (`data` is null)
// are something else than none (`length` is 0).
typedef struct deadhand_bytes {
    // The first of them.
    uint8_t *data;
    // How many there are.
    size_t length;
} deadhand_bytes;

// What a pool has done so far.
typedef struct deadhand_pool_counts {
    // Buffers that were rented.
    uint64_t rented;
    // Those of them that had the memory of an earlier one.
    uint64_t resurrected;
    // Blocks that rest.
    uint64_t resting;
    // Blocks that were written to between two lives, through a pointer that somebody kept.
    uint64_t dirty;
} deadhand_pool_counts;

// A callback: gets what was registered with it, its registration, and what the fire was given. Returns 0, or a number
// of its own if it failed.
typedef int32_t (*deadhand_call)(void *user, uint64_t registration, void *argument);

// Lets go of an object. Called once for each, on any thread, and never under a lock of ours.
typedef void (*deadhand_release)(void *user);

// Makes an object of what stands for it weakly, to be released, too; null if it has died.
typedef void *(*deadhand_upgrade)(void *weak);

// Told after a fire for each callback that failed: what the fire was given, the registration, why, and a line of UTF-8
// of that many bytes, with no NUL at its end.
typedef void (*deadhand_failed)(void *argument,
                                uint64_t registration,
                                deadhand_status why,
                                const char *message,
                                size_t length);

// What came of a fire.
typedef struct deadhand_fired {
    // Callbacks that were called and did not fail.
    size_t answered;
    // Callbacks that failed.
    size_t failed;
    // Dead ones that were passed over.
    size_t skipped;
    // Dead ones that were unregistered.
    size_t unregistered;
    // 1 if the event was closed meanwhile, so that later ones were not called.
    int32_t cut_short;
} deadhand_fired;

// Items that come back to the host. They are its own again; the list is given back with `deadhand_items_free`.
typedef struct deadhand_items {
    // The first of them; null if there are none.
    void **data;
    // How many there are.
    size_t length;
} deadhand_items;

// What one channel has done so far. `sent` is always `received + returned + in_flight`.
typedef struct deadhand_counts {
    // Items that can wait.
    size_t capacity;
    // Producers that are open.
    size_t producers;
    // Consumers that are open.
    size_t consumers;
    // Items that were taken from producers.
    uint64_t sent;
    // Items that were given to consumers.
    uint64_t received;
    // Items that no consumer was left for, and that were returned.
    uint64_t returned;
    // Items that wait.
    size_t in_flight;
} deadhand_counts;

// What closing a runtime came to.
typedef struct deadhand_closing {
    // Tasks that were pending and are ended now.
    size_t told;
    // Tasks that hold their thread still.
    size_t still_running;
} deadhand_closing;

// Work of the host, on a thread of the runtime: gets what it was spawned with, and puts its result, which native
// releases with the same function if nobody takes it. Returns 0, or a number of its own if it failed.
typedef int32_t (*deadhand_work)(void *user, void **result);

// Told once how a task has ended: on the thread that ends it, or at once.
typedef void (*deadhand_done)(void *user, deadhand_fate fate);

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// What went wrong last on this thread; `DEADHAND_STATUS_OK` if nothing has.
deadhand_status deadhand_last_error_status(void);

// The handle that it went wrong with; 0 if that is not known.
uint64_t deadhand_last_error_handle(void);

// Copies what went wrong, in one line of UTF-8 that says what to do: as much as fits, and a NUL. Returns the bytes that
// all of it needs with the NUL; 0 if nothing has gone wrong, and then nothing is written.
size_t deadhand_last_error_message(char *into, size_t length);

// Forgets what went wrong on this thread.
void deadhand_clear_last_error(void);

// Panics behind the fence, for tests: no object is struck.
deadhand_status deadhand_provoke_panic(void);

// Gives bytes back and makes them null, so that doing it again does nothing. Null does nothing, too.
void deadhand_bytes_free(struct deadhand_bytes *bytes);

// The version of the interface that the library has.
uint32_t deadhand_version(void);

// Whether the object of that handle is there and not closed: 1 or 0. One that is fenced off is open, too.
int32_t deadhand_is_open(uint64_t handle);

// For finalizers: closes the object on any thread, never fails, and leaves the record of errors as it is. A deleter of
// another thread is queued for that; what waits for a consumer is left for `deadhand_producer_reclaim`.
void deadhand_discard(uint64_t handle);

// How many objects of a kind are alive in this process: `store`, `reader`, `writer`, `deleter`, `queued` (deleters that
// wait for their thread), `buffer`, `slice`, `span`, `pool`, `text`, `event`, `registration`, `producer`, `consumer`,
// `item`, `runtime`, `task`, and `bytes` (memory that was handed out). What is queued for this thread is freed first.
deadhand_status deadhand_alive(const char *kind, size_t length, uint64_t *count);

// Makes an empty database in memory.
deadhand_status deadhand_store_in_memory(uint64_t *store);

// Opens the database in that file, which is made if it is not there. The path needs no NUL.
deadhand_status deadhand_store_open(const uint8_t *path, size_t length, uint64_t *store);

// Takes a snapshot of what is committed now.
deadhand_status deadhand_store_read(uint64_t store, uint64_t *reader);

// Begins the one transaction that writes; never waits for another one.
deadhand_status deadhand_store_write(uint64_t store, uint64_t *writer);

// Closes it: nothing new is made of it; readers and writer go on. With `refuse`, it stays open while there are any.
deadhand_status deadhand_store_close(uint64_t store, int32_t refuse);

// Panics inside a call, for tests: the store is fenced off.
deadhand_status deadhand_store_provoke_panic(uint64_t store);

// The value of the key, to be given back; null if there is none.
deadhand_status deadhand_reader_get(uint64_t reader, const uint8_t *key, size_t length, struct deadhand_bytes *value);

// The next item in the order of keys, both to be given back; both are null after the last one.
deadhand_status deadhand_reader_next(uint64_t reader, struct deadhand_bytes *key, struct deadhand_bytes *value);

// Goes back to before the first item.
deadhand_status deadhand_reader_rewind(uint64_t reader);

// How many items there are.
deadhand_status deadhand_reader_count(uint64_t reader, uint64_t *count);

// Gives the snapshot up; if another thread is in a call, when that ends.
deadhand_status deadhand_reader_close(uint64_t reader);

// Stores the value under the key.
deadhand_status deadhand_writer_put(uint64_t writer,
                                    const uint8_t *key,
                                    size_t key_length,
                                    const uint8_t *value,
                                    size_t value_length);

// The value of the key as this transaction sees it, to be given back; null if there is none.
deadhand_status deadhand_writer_get(uint64_t writer, const uint8_t *key, size_t length, struct deadhand_bytes *value);

// Removes the key, and says whether it was there: 1 or 0.
deadhand_status deadhand_writer_remove(uint64_t writer, const uint8_t *key, size_t length, int32_t *was);

// Makes the changes last, and ends the writer: also when the database refuses.
deadhand_status deadhand_writer_commit(uint64_t writer);

// Undoes the changes and ends the writer; if another thread is in a call, when that ends.
deadhand_status deadhand_writer_abort(uint64_t writer);

// Makes a cursor of this thread that deletes the keys with that prefix, one at a step.
deadhand_status deadhand_writer_deleter(uint64_t writer, const uint8_t *prefix, size_t length, uint64_t *deleter);

// Deletes the next key and returns it, to be given back; null after the last one.
deadhand_status deadhand_deleter_step(uint64_t deleter, struct deadhand_bytes *key);

// Ends the cursor, not the writer. Only the thread that made it may.
deadhand_status deadhand_deleter_close(uint64_t deleter);

// Makes a buffer of zeros.
deadhand_status deadhand_buffer_zeros(size_t length, uint64_t *buffer);

// Makes a buffer with a copy of bytes of the host.
deadhand_status deadhand_buffer_of(const uint8_t *data, size_t length, uint64_t *buffer);

// How many bytes it has.
deadhand_status deadhand_buffer_length(uint64_t buffer, size_t *length);

// Native allocates: bytes from `offset` on, to be given back; as many as `length` says, or with `SIZE_MAX` all.
deadhand_status deadhand_buffer_get(uint64_t buffer, size_t offset, size_t length, struct deadhand_bytes *bytes);

// The host allocates, native fills: `length` bytes from `offset` on. All of them, or nothing is written.
deadhand_status deadhand_buffer_read(uint64_t buffer, size_t offset, uint8_t *into, size_t length);

// Copies bytes of the host to `offset`. All of them, or nothing is written.
deadhand_status deadhand_buffer_write(uint64_t buffer, size_t offset, const uint8_t *data, size_t length);

// How often it was resized, plus one.
deadhand_status deadhand_buffer_epoch(uint64_t buffer, uint64_t *epoch);

// Gives it another length, keeps what fits, fills up with zeros, and says the new epoch. Every slice is outdated.
deadhand_status deadhand_buffer_resize(uint64_t buffer, size_t length, uint64_t *epoch);

// Makes a view of a part that is good until it is revoked, or the buffer is resized or closed.
deadhand_status deadhand_buffer_slice(uint64_t buffer, size_t offset, size_t length, uint64_t *slice);

// Pins a part: the buffer can be neither resized nor closed until the span is closed.
deadhand_status deadhand_buffer_span(uint64_t buffer, size_t offset, size_t length, uint64_t *span);

// Ends it; a rented one gives its memory back to the pool. It is refused while a span is out.
deadhand_status deadhand_buffer_close(uint64_t buffer);

// Panics inside a call, for tests: the buffer is fenced off.
deadhand_status deadhand_buffer_provoke_panic(uint64_t buffer);

// How many bytes it shows.
deadhand_status deadhand_slice_length(uint64_t slice, size_t *length);

// Native allocates: bytes from `offset` on, to be given back; as many as `length` says, or with `SIZE_MAX` all.
deadhand_status deadhand_slice_get(uint64_t slice, size_t offset, size_t length, struct deadhand_bytes *bytes);

// The host allocates, native fills: `length` bytes from `offset` on. All of them, or nothing is written.
deadhand_status deadhand_slice_read(uint64_t slice, size_t offset, uint8_t *into, size_t length);

// Copies bytes of the host to `offset`. All of them, or nothing is written.
deadhand_status deadhand_slice_write(uint64_t slice, size_t offset, const uint8_t *data, size_t length);

// Takes its right away, for good. When this returns, no call reads or writes through it any more.
deadhand_status deadhand_slice_revoke(uint64_t slice);

// Ends the slice, not the buffer.
deadhand_status deadhand_slice_close(uint64_t slice);

// How many bytes it pins.
deadhand_status deadhand_span_length(uint64_t span, size_t *length);

// Native allocates: bytes from `offset` on, to be given back; as many as `length` says, or with `SIZE_MAX` all.
deadhand_status deadhand_span_get(uint64_t span, size_t offset, size_t length, struct deadhand_bytes *bytes);

// The host allocates, native fills: `length` bytes from `offset` on. All of them, or nothing is written.
deadhand_status deadhand_span_read(uint64_t span, size_t offset, uint8_t *into, size_t length);

// Copies bytes of the host to `offset`. All of them, or nothing is written.
deadhand_status deadhand_span_write(uint64_t span, size_t offset, const uint8_t *data, size_t length);

// Where its bytes are: valid until it is closed. What the host writes there while another call reads is a race that
// nobody can see.
deadhand_status deadhand_span_address(uint64_t span, uint8_t **start, size_t *length);

// Releases the buffer; if another thread is in a call, when that ends.
deadhand_status deadhand_span_close(uint64_t span);

// Makes a pool that keeps at most `capacity` blocks between their lives.
deadhand_status deadhand_pool_new(size_t capacity, uint64_t *pool);

// Makes a buffer of zeros, under a handle of its own, in memory that may have been a buffer before.
deadhand_status deadhand_pool_rent(uint64_t pool, size_t length, uint64_t *buffer);

// What it has done so far.
deadhand_status deadhand_pool_report(uint64_t pool, struct deadhand_pool_counts *report);

// Ends the pool; what is rented goes on.
deadhand_status deadhand_pool_close(uint64_t pool);

// Makes a text of UTF-8; with `lossy`, of any bytes, with U+FFFD for what is not UTF-8. It needs no NUL.
deadhand_status deadhand_text_of(const uint8_t *data, size_t length, int32_t lossy, uint64_t *text);

// How many bytes it has in UTF-8, without a NUL.
deadhand_status deadhand_text_length(uint64_t text, size_t *length);

// How many characters it has.
deadhand_status deadhand_text_characters(uint64_t text, size_t *count);

// Native allocates: all of it in UTF-8, without a NUL, to be given back.
deadhand_status deadhand_text_get(uint64_t text, struct deadhand_bytes *bytes);

// Native allocates: all of it with the NUL that C wants, which counts, and no other. To be given back.
deadhand_status deadhand_text_for_c(uint64_t text, struct deadhand_bytes *bytes);

// The host allocates, native fills: all of it, without a NUL, or nothing. Says how many bytes were written.
deadhand_status deadhand_text_read(uint64_t text, uint8_t *into, size_t length, size_t *written);

// Makes a text of the bytes `start` to `end`, which needs the first one no more.
deadhand_status deadhand_text_cut(uint64_t text, size_t start, size_t end, uint64_t *part);

// Makes a text of one after the other.
deadhand_status deadhand_text_join(uint64_t text, uint64_t other, uint64_t *joined);

// Ends it; calls that are reading it on other threads end well.
deadhand_status deadhand_text_close(uint64_t text);

// Panics inside a call, for tests: the text is fenced off.
deadhand_status deadhand_text_provoke_panic(uint64_t text);

// Makes an event that nobody listens to yet.
deadhand_status deadhand_event_new(uint64_t *event);

// Puts a callback at the end of the event's list. `release` (or null) lets go of `user`: when it is unregistered and
// calls of it are over, or at once if this fails.
deadhand_status deadhand_event_register(uint64_t event,
                                        deadhand_call call,
                                        void *user,
                                        deadhand_release release,
                                        uint64_t *registration);

// The same for a callback that native does not keep alive: before each call `upgrade` makes of `weak` what is called
// with. `release` lets go of that, and of `weak`. `on_dead` says what a fire does when it is null: 0, it counts as
// failed; 1, it is passed over; 2, it is unregistered.
deadhand_status deadhand_event_register_weak(uint64_t event,
                                             deadhand_call call,
                                             void *weak,
                                             deadhand_upgrade upgrade,
                                             deadhand_release release,
                                             int32_t on_dead,
                                             uint64_t *registration);

// Calls everything that is registered now with `argument`, one after the other on this thread. `failed` (or null) is
// told which ones failed. That is no failure of the fire: see what it says in `fired`.
deadhand_status deadhand_event_fire(uint64_t event,
                                    void *argument,
                                    deadhand_failed failed,
                                    struct deadhand_fired *fired);

// How many callbacks are registered, dead ones included.
deadhand_status deadhand_event_count(uint64_t event, size_t *count);

// Unregisters everything and says how many that were.
deadhand_status deadhand_event_clear(uint64_t event, size_t *count);

// Closes it and unregisters everything. A callback that runs ends first; later ones are not called.
deadhand_status deadhand_event_close(uint64_t event);

// Takes a callback off its event and lets go of it: now, or when the calls of it that are under way are over.
deadhand_status deadhand_registration_close(uint64_t registration);

// Calls one callback.
deadhand_status deadhand_registration_call(uint64_t registration, void *argument);

// Panics inside a call, for tests: the event is fenced off.
deadhand_status deadhand_event_provoke_panic(uint64_t event);

// Gives a list of items back, not the items, and makes it null, so that doing it again does nothing.
void deadhand_items_free(struct deadhand_items *items);

// Makes a channel in which `capacity` items can wait: its first producer and its first consumer.
deadhand_status deadhand_channel_new(size_t capacity, uint64_t *producer, uint64_t *consumer);

// Sends an item now or not at all. `release` (or null) lets go of it if nobody ever receives it. If this fails the item
// is still the host's, and is not released.
deadhand_status deadhand_producer_try_send(uint64_t producer, void *item, deadhand_release release);

// The same when there is room, for which it waits that many seconds; without end if they are fewer than 0.
deadhand_status deadhand_producer_send(uint64_t producer, void *item, deadhand_release release, double seconds);

// Receives an item now or not at all.
deadhand_status deadhand_consumer_try_receive(uint64_t consumer, void **item);

// The same when there is one, for which it waits that many seconds; without end if they are fewer than 0.
deadhand_status deadhand_consumer_receive(uint64_t consumer, double seconds, void **item);

// Makes another producer of the same channel.
deadhand_status deadhand_producer_another(uint64_t producer, uint64_t *other);

// Makes another consumer of the same channel. Each item goes to one of them.
deadhand_status deadhand_consumer_another(uint64_t consumer, uint64_t *other);

// What the channel of that producer has done so far.
deadhand_status deadhand_producer_counts(uint64_t producer, struct deadhand_counts *counts);

// What the channel of that consumer has done so far.
deadhand_status deadhand_consumer_counts(uint64_t consumer, struct deadhand_counts *counts);

// The items that a last consumer left behind when it was discarded.
deadhand_status deadhand_producer_reclaim(uint64_t producer, struct deadhand_items *items);

// Closes it and wakes who waits. The last end of a channel returns the items that are left; into null, they are
// released.
deadhand_status deadhand_producer_close(uint64_t producer, struct deadhand_items *items);

// Closes it and wakes who waits. The last consumer of a channel returns the items that are left; into null, they are
// released.
deadhand_status deadhand_consumer_close(uint64_t consumer, struct deadhand_items *items);

// Panics inside a call, for tests: the producer is fenced off.
deadhand_status deadhand_producer_provoke_panic(uint64_t producer);

// Starts a runtime with that many threads, 1 to 8.
deadhand_status deadhand_runtime_new(size_t workers, uint64_t *runtime);

// How many tasks run on the runtime, or wait to.
deadhand_status deadhand_runtime_running(uint64_t runtime, size_t *count);

// Closes the runtime: tasks that are pending end now, and who asked is told. Then waits that many seconds for its
// threads. `closing` may be null.
deadhand_status deadhand_runtime_close(uint64_t runtime, double seconds, struct deadhand_closing *closing);

// Has a thread of the runtime do work of the host. `release` (or null) lets go of `user` when it is done or will never
// be, and of a result that nobody takes. Work that has begun cannot be stopped, only its result be refused.
deadhand_status deadhand_task_spawn(uint64_t runtime,
                                    deadhand_work work,
                                    void *user,
                                    deadhand_release release,
                                    uint64_t *task);

// Starts a task of native's own: after that many seconds its result is `item`, which native releases if nobody takes it.
deadhand_status deadhand_task_sleep(uint64_t runtime,
                                    double seconds,
                                    void *item,
                                    deadhand_release release,
                                    uint64_t *task);

// How the task has ended.
deadhand_status deadhand_task_fate(uint64_t task, deadhand_fate *fate);

// Takes the result, which can be done once; it is the host's then.
deadhand_status deadhand_task_take(uint64_t task, void **result);

// Waits until the task has ended that many seconds, without end if they are fewer than 0, and leaves its result.
deadhand_status deadhand_task_wait(uint64_t task, double seconds);

// Waits for the result that many seconds, without end if they are fewer than 0, and takes it.
deadhand_status deadhand_task_join(uint64_t task, double seconds, void **result);

// Cancels the task, and says how it has ended. Doing so again is no error.
deadhand_status deadhand_task_cancel(uint64_t task, deadhand_fate *fate);

// Has the host told once how the task ends: on the thread that ends it, or now, on this one, if it has. `release` (or
// null) lets go of `user` after that, or at once if this fails.
deadhand_status deadhand_task_on_done(uint64_t task, deadhand_done done, void *user, deadhand_release release);

// Closes the task, which cancels it if it is pending.
deadhand_status deadhand_task_close(uint64_t task);

// Panics inside a call, for tests: the task is fenced off.
deadhand_status deadhand_task_provoke_panic(uint64_t task);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* DEADHAND_H */
