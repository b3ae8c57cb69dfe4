/* statement: the native half of statement.py, driven by ctypes with the GIL held.
 * Class      MAD-08 use of a finalized but reachable object (finalization order in a cycle).
 * Mechanism  (in statement.py) Connection.__del__ frees and leaves its pointer, "nobody will look";
 *            in a cycle the collector finalizes the connection first, then the statement that
 *            takes itself off the connection's cache.
 * Program    connect, prepare, on_row(callback that holds the statement); drop and collect
 *            Threads 1       Known minimum 3 steps (drop and collect are the closing phase)
 * Model      https://github.com/pybind/pybind11/issues/856 (nurse finalized before its patient) */
#include <stdlib.h>

struct cache {
    long prepared;
};
struct connection {
    char page[4096];
    struct cache *cache;
};
struct statement {
    struct connection *connection;
    long number;
};
static long alive;

long statement_alive(void) { return alive; }

struct connection *connection_open(void) {
    struct connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL) return NULL;
    connection->cache = calloc(1, sizeof *connection->cache);
    alive++;
    return connection;
}

void connection_free(struct connection *connection) {
    alive--;
    free(connection->cache);
    free(connection);
}

struct statement *statement_prepare(struct connection *connection) {
    struct statement *statement = calloc(1, sizeof *statement);
    if (statement == NULL) return NULL;
    alive++;
    statement->connection = connection;
    statement->number = ++connection->cache->prepared;
    return statement;
}

long statement_number(struct statement *statement) { return statement->number; }

/* The connection is alive: the caller knows. */
void statement_unlink(struct statement *statement) { statement->connection->cache->prepared--; }

void statement_free(struct statement *statement) {
    alive--;
    free(statement);
}
