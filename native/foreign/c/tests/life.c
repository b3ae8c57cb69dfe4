/* The whole life of every kind of object through the C interface, with every function of deadhand.h.
 *
 * Built and run by tests/life.rs with a plain C compiler. Ends with 0, or says which line is wrong.
 */
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "deadhand.h"

#define IS(what) ((what) ? (void)0 : wrong(__LINE__, #what))
#define OK(call) gives(__LINE__, #call, DEADHAND_STATUS_OK, (call))
#define GIVES(status, call) gives(__LINE__, #call, (status), (call))
#define BYTES(text) (const uint8_t *)(text), sizeof(text) - 1

static void wrong(int line, const char *what) {
    char message[512] = "";
    deadhand_last_error_message(message, sizeof message);
    fprintf(stderr, "life.c:%d: %s (%s)\n", line, what, message);
    exit(1);
}

static void gives(int line, const char *call, deadhand_status expected, deadhand_status given) {
    if (given != expected) {
        fprintf(stderr, "expected %d, got %d: ", (int)expected, (int)given);
        wrong(line, call);
    }
    IS(deadhand_last_error_status() == expected);
}

static uint64_t alive(const char *kind) {
    uint64_t count = 99;
    OK(deadhand_alive(kind, strlen(kind), &count));
    return count;
}

static int same(deadhand_bytes *bytes, const char *text) {
    int same = bytes->data != NULL && bytes->length == strlen(text) && memcmp(bytes->data, text, bytes->length) == 0;
    deadhand_bytes_free(bytes);
    deadhand_bytes_free(bytes); /* again does nothing */
    return same && bytes->data == NULL;
}

/* --- objects of the host: a counter that is held ----------------------------------------------------------------- */

static _Atomic int held, called;

static void *hold(void) {
    int *number = malloc(sizeof *number);
    *number = 7;
    held++;
    return number;
}

static void release(void *user) {
    IS(*(int *)user == 7);
    free(user);
    held--;
}

static int32_t answer(void *user, uint64_t registration, void *argument) {
    IS(*(int *)user == 7 && registration != 0);
    called++;
    return *(int32_t *)argument;
}

static int32_t unregister_itself(void *user, uint64_t registration, void *argument) {
    (void)argument;
    OK(deadhand_registration_close(registration));
    IS(*(int *)user == 7); /* kept until this call is over */
    return 0;
}

static void *revive(void *weak) { return *(int *)weak == 7 && called < 3 ? hold() : NULL; }

static void count_failure(void *argument, uint64_t registration, deadhand_status why, const char *message, size_t length) {
    IS(registration != 0 && length > 0 && message[0] != '\0');
    *(int32_t *)argument += why == DEADHAND_STATUS_HOST ? 100 : why == DEADHAND_STATUS_DEAD ? 1000 : 0;
}

static int32_t work(void *user, void **result) {
    IS(*(int *)user == 7);
    *result = hold();
    return 0;
}

static int32_t no_work(void *user, void **result) {
    (void)user, (void)result;
    return 5;
}

static void done(void *user, deadhand_fate fate) { IS(*(int *)user == 7 && fate != DEADHAND_FATE_PENDING); }

/* --- one life after another -------------------------------------------------------------------------------------- */

static void errors(void) {
    char message[256] = "unchanged";
    IS(deadhand_version() == DEADHAND_VERSION);
    deadhand_clear_last_error();
    IS(deadhand_last_error_message(message, sizeof message) == 0 && strcmp(message, "unchanged") == 0);
    GIVES(DEADHAND_STATUS_NULL_POINTER, deadhand_store_in_memory(NULL));
    size_t needed = deadhand_last_error_message(message, sizeof message);
    IS(needed == strlen(message) + 1 && strstr(message, "store is null") != NULL);
    IS(deadhand_last_error_message(message, 6) == needed && strcmp(message, "store") == 0);
    IS(deadhand_last_error_message(NULL, 9) == needed && deadhand_last_error_handle() == 0);
    GIVES(DEADHAND_STATUS_PANICKED, deadhand_provoke_panic());
    uint64_t reader = 9;
    GIVES(DEADHAND_STATUS_NOT_A_HANDLE, deadhand_store_read(0, &reader));
    GIVES(DEADHAND_STATUS_NULL_POINTER, deadhand_buffer_of(NULL, 3, &reader));
    GIVES(DEADHAND_STATUS_OUT_OF_RANGE, deadhand_buffer_of((const uint8_t *)"x", SIZE_MAX, &reader));
    uint64_t count;
    GIVES(DEADHAND_STATUS_OUT_OF_RANGE, deadhand_alive("nothing", 7, &count));
    IS(count == 0);
    deadhand_bytes_free(NULL);
    deadhand_items_free(NULL);
    deadhand_discard(0);
    IS(deadhand_is_open(0) == 0);
}

static void stores(const char *path) {
    uint64_t store, reader, writer, deleter, other, count;
    int32_t was;
    deadhand_bytes key, value;
    OK(deadhand_store_open((const uint8_t *)path, strlen(path), &store));
    GIVES(DEADHAND_STATUS_BUSY, deadhand_store_open((const uint8_t *)path, strlen(path), &other));
    OK(deadhand_store_write(store, &writer));
    GIVES(DEADHAND_STATUS_BUSY, deadhand_store_write(store, &other));
    IS(deadhand_last_error_handle() == store && other == 0);
    OK(deadhand_writer_put(writer, BYTES("key"), BYTES("value")));
    OK(deadhand_writer_put(writer, BYTES("other"), NULL, 0));
    OK(deadhand_writer_get(writer, BYTES("key"), &value));
    IS(same(&value, "value"));
    OK(deadhand_writer_remove(writer, BYTES("other"), &was));
    IS(was == 1);
    OK(deadhand_writer_put(writer, BYTES("x1"), BYTES("")));
    OK(deadhand_writer_deleter(writer, BYTES("x"), &deleter));
    OK(deadhand_deleter_step(deleter, &key));
    IS(same(&key, "x1"));
    OK(deadhand_deleter_step(deleter, &key));
    IS(key.data == NULL);
    OK(deadhand_deleter_close(deleter));
    OK(deadhand_writer_commit(writer));
    GIVES(DEADHAND_STATUS_STALE, deadhand_writer_commit(writer));
    OK(deadhand_store_read(store, &reader));
    OK(deadhand_reader_count(reader, &count));
    IS(count == 1);
    OK(deadhand_reader_get(reader, BYTES("key"), &value));
    IS(same(&value, "value"));
    OK(deadhand_reader_get(reader, BYTES("nothing"), &value));
    IS(value.data == NULL);
    OK(deadhand_reader_next(reader, &key, &value));
    IS(same(&key, "key") && same(&value, "value"));
    OK(deadhand_reader_next(reader, &key, &value));
    IS(key.data == NULL && value.data == NULL);
    OK(deadhand_reader_rewind(reader));
    GIVES(DEADHAND_STATUS_WRONG_KIND, deadhand_reader_rewind(store));
    GIVES(DEADHAND_STATUS_HAS_CHILDREN, deadhand_store_close(store, 1));
    OK(deadhand_store_close(store, 0));
    OK(deadhand_store_close(store, 0));
    GIVES(DEADHAND_STATUS_CLOSED, deadhand_store_read(store, &other));
    OK(deadhand_reader_close(reader));
    GIVES(DEADHAND_STATUS_STALE, deadhand_store_read(store, &other));
    OK(deadhand_store_in_memory(&store));
    OK(deadhand_store_write(store, &writer));
    GIVES(DEADHAND_STATUS_PANICKED, deadhand_store_provoke_panic(store));
    GIVES(DEADHAND_STATUS_FENCED, deadhand_store_read(store, &other));
    OK(deadhand_writer_put(writer, BYTES("still"), BYTES("good")));
    OK(deadhand_writer_abort(writer));
    OK(deadhand_store_close(store, 1));
}

static void buffers(void) {
    uint64_t buffer, slice, span, pool, epoch;
    size_t length;
    uint8_t into[8] = "--------", *start;
    deadhand_bytes bytes;
    OK(deadhand_buffer_of(BYTES("0123456789"), &buffer));
    OK(deadhand_buffer_slice(buffer, 2, 4, &slice));
    OK(deadhand_slice_length(slice, &length));
    IS(length == 4);
    OK(deadhand_slice_get(slice, 1, SIZE_MAX, &bytes));
    IS(same(&bytes, "345"));
    OK(deadhand_slice_read(slice, 0, into, 4));
    IS(memcmp(into, "2345----", 8) == 0);
    GIVES(DEADHAND_STATUS_OUT_OF_RANGE, deadhand_slice_read(slice, 0, into, 5));
    GIVES(DEADHAND_STATUS_NULL_POINTER, deadhand_slice_read(slice, 0, NULL, 4));
    OK(deadhand_slice_write(slice, 0, BYTES("ab")));
    OK(deadhand_buffer_get(buffer, 0, 5, &bytes));
    IS(same(&bytes, "01ab4"));
    OK(deadhand_buffer_read(buffer, 2, into, 2));
    OK(deadhand_buffer_write(buffer, 2, BYTES("23")));
    OK(deadhand_buffer_resize(buffer, 20, &epoch));
    IS(epoch == 2);
    OK(deadhand_buffer_epoch(buffer, &epoch));
    IS(epoch == 2);
    GIVES(DEADHAND_STATUS_REVOKED, deadhand_slice_length(slice, &length));
    OK(deadhand_slice_close(slice));
    OK(deadhand_buffer_slice(buffer, 0, 1, &slice));
    OK(deadhand_slice_revoke(slice));
    GIVES(DEADHAND_STATUS_REVOKED, deadhand_slice_get(slice, 0, 1, &bytes));
    OK(deadhand_slice_close(slice));
    OK(deadhand_buffer_span(buffer, 0, 10, &span));
    OK(deadhand_span_length(span, &length));
    OK(deadhand_span_address(span, &start, &length));
    IS(length == 10 && memcmp(start, "0123456789", 10) == 0);
    OK(deadhand_span_write(span, 9, BYTES("x")));
    OK(deadhand_span_read(span, 9, into, 1));
    OK(deadhand_span_get(span, 9, 1, &bytes));
    IS(same(&bytes, "x"));
    GIVES(DEADHAND_STATUS_IN_USE, deadhand_buffer_close(buffer));
    GIVES(DEADHAND_STATUS_IN_USE, deadhand_buffer_resize(buffer, 9, &epoch));
    OK(deadhand_span_close(span));
    OK(deadhand_buffer_length(buffer, &length));
    IS(length == 20);
    GIVES(DEADHAND_STATUS_PANICKED, deadhand_buffer_provoke_panic(buffer));
    GIVES(DEADHAND_STATUS_FENCED, deadhand_buffer_length(buffer, &length));
    OK(deadhand_buffer_close(buffer));
    OK(deadhand_pool_new(1, &pool));
    for (int life = 0; life < 2; life++) {
        OK(deadhand_pool_rent(pool, 8, &buffer));
        OK(deadhand_buffer_close(buffer));
    }
    deadhand_pool_counts counts;
    OK(deadhand_pool_report(pool, &counts));
    IS(counts.rented == 2 && counts.resurrected == 1 && counts.resting == 1 && counts.dirty == 0);
    OK(deadhand_pool_close(pool));
    OK(deadhand_buffer_zeros(0, &buffer));
    OK(deadhand_buffer_get(buffer, 0, 0, &bytes));
    IS(same(&bytes, ""));
    deadhand_discard(buffer);
    IS(!deadhand_is_open(buffer));
}

static void texts(void) {
    uint64_t text, part, joined;
    size_t count;
    uint8_t into[8];
    deadhand_bytes bytes;
    GIVES(DEADHAND_STATUS_NOT_TEXT, deadhand_text_of(BYTES("a\xff"), 0, &text));
    OK(deadhand_text_of(BYTES("a\xff"), 1, &text));
    OK(deadhand_text_characters(text, &count));
    IS(count == 2);
    OK(deadhand_text_length(text, &count));
    IS(count == 4);
    OK(deadhand_text_cut(text, 0, 1, &part));
    GIVES(DEADHAND_STATUS_OUT_OF_RANGE, deadhand_text_cut(text, 0, 2, &joined));
    GIVES(DEADHAND_STATUS_NOT_A_HANDLE, deadhand_text_join(part, 0, &joined));
    IS(joined == 0);
    OK(deadhand_text_join(part, part, &joined));
    OK(deadhand_text_get(joined, &bytes));
    IS(same(&bytes, "aa"));
    OK(deadhand_text_for_c(joined, &bytes));
    IS(bytes.length == 3 && strcmp((char *)bytes.data, "aa") == 0);
    deadhand_bytes_free(&bytes);
    OK(deadhand_text_read(joined, into, sizeof into, &count));
    IS(count == 2);
    GIVES(DEADHAND_STATUS_OUT_OF_RANGE, deadhand_text_read(joined, into, 1, &count));
    GIVES(DEADHAND_STATUS_PANICKED, deadhand_text_provoke_panic(part));
    OK(deadhand_text_close(text));
    OK(deadhand_text_close(part));
    OK(deadhand_text_close(joined));
    IS(!deadhand_is_open(joined));
}

static void callbacks(void) {
    uint64_t event, first, second, weak;
    size_t count;
    int32_t argument = 0;
    deadhand_fired fired;
    OK(deadhand_event_new(&event));
    GIVES(DEADHAND_STATUS_NULL_POINTER, deadhand_event_register(event, NULL, hold(), release, &first));
    GIVES(DEADHAND_STATUS_NULL_POINTER, deadhand_event_register(event, answer, hold(), release, NULL));
    GIVES(DEADHAND_STATUS_NOT_A_HANDLE, deadhand_event_register(0, answer, hold(), release, &first));
    IS(held == 0); /* released, whatever was wrong */
    OK(deadhand_event_register(event, answer, hold(), release, &first));
    OK(deadhand_event_register(event, unregister_itself, hold(), release, &second));
    OK(deadhand_event_fire(event, &argument, count_failure, &fired));
    IS(fired.answered == 2 && fired.failed == 0 && !fired.cut_short && held == 1);
    IS(!deadhand_is_open(second) && deadhand_is_open(first));
    GIVES(DEADHAND_STATUS_OUT_OF_RANGE, deadhand_event_register_weak(event, answer, hold(), revive, release, 3, &weak));
    OK(deadhand_event_register_weak(event, answer, hold(), revive, release, 0, &weak));
    argument = 1;
    OK(deadhand_event_fire(event, &argument, count_failure, &fired));
    IS(fired.failed == 2 && argument == 201 && held == 2);
    argument = 1;
    OK(deadhand_event_fire(event, &argument, count_failure, &fired)); /* it has died */
    IS(fired.failed == 2 && argument == 1101);
    GIVES(DEADHAND_STATUS_DEAD, deadhand_registration_call(weak, &argument));
    argument = 1;
    GIVES(DEADHAND_STATUS_HOST, deadhand_registration_call(first, &argument));
    OK(deadhand_event_count(event, &count));
    IS(count == 2);
    OK(deadhand_event_clear(event, &count));
    IS(count == 2 && held == 0);
    OK(deadhand_event_register(event, answer, hold(), release, &first));
    GIVES(DEADHAND_STATUS_PANICKED, deadhand_event_provoke_panic(event));
    GIVES(DEADHAND_STATUS_FENCED, deadhand_event_fire(event, &argument, NULL, &fired));
    OK(deadhand_event_close(event));
    IS(held == 0 && alive("registration") == 0);
}

static void *receive(void *consumer) {
    void *item;
    OK(deadhand_consumer_receive(*(uint64_t *)consumer, -1, &item));
    return item;
}

static void channels(void) {
    uint64_t producer, consumer, other, another;
    void *item, *sent = hold();
    deadhand_counts counts;
    deadhand_items items;
    pthread_t thread;
    GIVES(DEADHAND_STATUS_OUT_OF_RANGE, deadhand_channel_new(0, &producer, &consumer));
    OK(deadhand_channel_new(1, &producer, &consumer));
    OK(deadhand_producer_another(producer, &other));
    OK(deadhand_consumer_another(consumer, &another));
    GIVES(DEADHAND_STATUS_WOULD_BLOCK, deadhand_consumer_try_receive(consumer, &item));
    GIVES(DEADHAND_STATUS_TIMED_OUT, deadhand_consumer_receive(consumer, 0.001, &item));
    GIVES(DEADHAND_STATUS_OUT_OF_RANGE, deadhand_consumer_receive(consumer, NAN, &item));
    IS(pthread_create(&thread, NULL, receive, &another) == 0);
    OK(deadhand_producer_try_send(producer, sent, release));
    pthread_join(thread, &item);
    IS(item == sent && held == 1);
    OK(deadhand_producer_send(other, sent, release, 0));
    GIVES(DEADHAND_STATUS_WOULD_BLOCK, deadhand_producer_try_send(producer, sent, release));
    GIVES(DEADHAND_STATUS_TIMED_OUT, deadhand_producer_send(producer, sent, release, 0));
    OK(deadhand_producer_counts(producer, &counts));
    IS(counts.sent == 2 && counts.received == 1 && counts.in_flight == 1 && counts.capacity == 1);
    OK(deadhand_consumer_counts(consumer, &counts));
    IS(counts.producers == 2 && counts.consumers == 2);
    OK(deadhand_consumer_close(another, &items));
    IS(items.length == 0);
    deadhand_discard(consumer); /* as a finalizer does */
    OK(deadhand_producer_reclaim(producer, &items));
    IS(items.length == 1 && items.data[0] == sent && held == 1);
    deadhand_items_free(&items);
    deadhand_items_free(&items);
    GIVES(DEADHAND_STATUS_DISCONNECTED, deadhand_producer_try_send(producer, sent, release));
    GIVES(DEADHAND_STATUS_PANICKED, deadhand_producer_provoke_panic(producer));
    GIVES(DEADHAND_STATUS_FENCED, deadhand_producer_try_send(producer, sent, release));
    OK(deadhand_producer_close(producer, NULL));
    OK(deadhand_producer_close(other, &items));
    OK(deadhand_channel_new(1, &producer, &consumer));
    OK(deadhand_producer_try_send(producer, sent, release));
    OK(deadhand_consumer_close(consumer, NULL));
    IS(held == 0); /* released, as nobody wanted it */
    OK(deadhand_producer_close(producer, NULL));
}

static void tasks(void) {
    uint64_t runtime, task, sleeper;
    size_t count;
    void *result = NULL;
    deadhand_fate fate;
    deadhand_closing closing;
    GIVES(DEADHAND_STATUS_OUT_OF_RANGE, deadhand_runtime_new(0, &runtime));
    OK(deadhand_runtime_new(1, &runtime));
    GIVES(DEADHAND_STATUS_NULL_POINTER, deadhand_task_spawn(runtime, NULL, hold(), release, &task));
    OK(deadhand_task_spawn(runtime, work, hold(), release, &task));
    OK(deadhand_task_join(task, -1, &result));
    IS(*(int *)result == 7);
    release(result);
    GIVES(DEADHAND_STATUS_TAKEN, deadhand_task_take(task, &result));
    OK(deadhand_task_fate(task, &fate));
    IS(fate == DEADHAND_FATE_FINISHED);
    OK(deadhand_task_close(task));
    OK(deadhand_task_spawn(runtime, no_work, hold(), release, &task));
    GIVES(DEADHAND_STATUS_HOST, deadhand_task_join(task, -1, &result));
    OK(deadhand_task_close(task));
    OK(deadhand_task_sleep(runtime, 1000, hold(), release, &sleeper));
    GIVES(DEADHAND_STATUS_WOULD_BLOCK, deadhand_task_take(sleeper, &result));
    GIVES(DEADHAND_STATUS_TIMED_OUT, deadhand_task_join(sleeper, 0.001, &result));
    GIVES(DEADHAND_STATUS_TIMED_OUT, deadhand_task_wait(sleeper, 0));
    OK(deadhand_task_on_done(sleeper, done, hold(), release));
    GIVES(DEADHAND_STATUS_NULL_POINTER, deadhand_task_on_done(sleeper, NULL, hold(), release));
    IS(deadhand_is_open(runtime) && deadhand_is_open(sleeper) && !deadhand_is_open(runtime + 1));
    OK(deadhand_runtime_running(runtime, &count));
    IS(count == 1);
    OK(deadhand_task_cancel(sleeper, &fate));
    IS(fate == DEADHAND_FATE_CANCELLED);
    GIVES(DEADHAND_STATUS_CANCELLED, deadhand_task_take(sleeper, &result));
    OK(deadhand_task_close(sleeper));
    OK(deadhand_task_sleep(runtime, 0, hold(), release, &task));
    OK(deadhand_task_close(task)); /* its result is released: nobody has taken it */
    OK(deadhand_task_spawn(runtime, work, hold(), release, &task));
    GIVES(DEADHAND_STATUS_PANICKED, deadhand_task_provoke_panic(task));
    GIVES(DEADHAND_STATUS_FENCED, deadhand_task_take(task, &result));
    IS(deadhand_is_open(task));
    OK(deadhand_task_close(task));
    OK(deadhand_task_sleep(runtime, 1000, hold(), release, &task));
    OK(deadhand_runtime_close(runtime, 5, &closing));
    IS(closing.told >= 1 && closing.still_running == 0);
    GIVES(DEADHAND_STATUS_RUNTIME_CLOSED, deadhand_task_take(task, &result));
    IS(!deadhand_is_open(runtime));
    GIVES(DEADHAND_STATUS_STALE, deadhand_task_sleep(runtime, 0, hold(), release, &sleeper));
    deadhand_discard(task);
    IS(held == 0);
}

int main(int argc, char **argv) {
    static const char *kinds[] = {"store", "reader", "writer", "deleter", "queued", "buffer", "slice", "span", "pool",
                                  "text", "event", "registration", "producer", "consumer", "item", "bytes", "runtime", "task"};
    IS(argc == 2);
    errors();
    stores(argv[1]);
    buffers();
    texts();
    callbacks();
    channels();
    tasks();
    for (size_t at = 0; at < sizeof kinds / sizeof *kinds; at++) {
        if (alive(kinds[at]) != 0) {
            wrong(__LINE__, kinds[at]);
        }
    }
    return 0;
}
