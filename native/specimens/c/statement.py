"""statement: connections and prepared statements (MAD-08; see statement.c)."""

import ctypes
import threading
from pathlib import Path

TWIN = __name__.rsplit("_", 1)[1]
FIXED = TWIN == "fixed"
_lib = ctypes.PyDLL(str(Path(__file__).with_name(f"libstatement_{TWIN}.so")))
for _name in ("connection_open", "statement_prepare"):
    getattr(_lib, _name).restype = ctypes.c_void_p
for _name in ("connection_free", "statement_unlink", "statement_free"):
    getattr(_lib, _name).restype = None
for _name in ("statement_prepare", "statement_number", "connection_free", "statement_unlink", "statement_free"):
    getattr(_lib, _name).argtypes = [ctypes.c_void_p]
_lib.statement_number.restype = _lib.statement_alive.restype = ctypes.c_long
alive = _lib.statement_alive
_lock = threading.RLock()


class Connection:
    _lib, _lock, _fixed = _lib, _lock, FIXED
    _pointer = None

    def __new__(cls):
        self = super().__new__(cls)
        self._pointer = cls._lib.connection_open()
        return self

    def prepare(self):
        with self._lock:
            if self._pointer is None:
                raise ValueError("connection is closed")
            return Statement._prepared(self)

    def close(self):
        with self._lock:
            pointer, self._pointer = self._pointer, None
            if pointer is not None:
                self._lib.connection_free(pointer)

    def __reduce__(self):
        raise TypeError("cannot be copied: it owns native memory")

    def __del__(self):
        if self._fixed:
            self.close()
        elif self._pointer is not None:
            self._lib.connection_free(self._pointer)


class Statement:
    """Holds its connection, so that the connection outlives it: true, but for the collector."""

    _lib, _lock = _lib, _lock
    _connection = _pointer = _callback = None

    @classmethod
    def _prepared(cls, connection):
        self = cls.__new__(cls)
        self._connection = connection
        self._pointer = cls._lib.statement_prepare(connection._pointer)
        return self

    def _live(self):
        if self._pointer is None or self._connection._pointer is None:
            raise ValueError("statement or connection is closed")
        return self._pointer

    def number(self):
        with self._lock:
            return self._lib.statement_number(self._live())

    def on_row(self, callback):
        with self._lock:
            self._live()
            self._callback = callback

    def step(self):
        with self._lock:
            self._live()
            callback = self._callback
        return callback() if callback is not None else None

    def close(self):
        with self._lock:
            pointer, self._pointer = self._pointer, None
            callback, self._callback = self._callback, None
            if pointer is not None:
                if self._connection._pointer is not None:
                    self._lib.statement_unlink(pointer)
                self._lib.statement_free(pointer)
        del callback

    def __reduce__(self):
        raise TypeError("cannot be copied: it owns native memory")

    def __del__(self):
        self.close()
