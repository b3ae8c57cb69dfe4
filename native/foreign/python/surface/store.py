"""The store, its readers, its writer, and the deleter."""

from __future__ import annotations

import os

from ._low import function
from .arguments import data, length, wrong_type
from .owned import Owned

_in_memory = function("store_in_memory", "", "h")
_open = function("store_open", "bn", "h")
_read = function("store_read", "h", "h")
_write = function("store_write", "h", "h")
_store_close = function("store_close", "hi")
_store_panic = function("store_provoke_panic", "h")
_reader_get = function("reader_get", "hbn", "B")
_reader_next = function("reader_next", "h", "BB")
_reader_rewind = function("reader_rewind", "h")
_reader_count = function("reader_count", "h", "h")
_reader_close = function("reader_close", "h")
_put = function("writer_put", "hbnbn")
_writer_get = function("writer_get", "hbn", "B")
_remove = function("writer_remove", "hbn", "i")
_commit = function("writer_commit", "h")
_abort = function("writer_abort", "h")
_deleter = function("writer_deleter", "hbn", "h")
_step = function("deleter_step", "h", "B")
_deleter_close = function("deleter_close", "h")


class Store(Owned):
    """An embedded database: keys and values are bytes. Any number of threads may use it at once."""

    __slots__ = ()
    _how = "use Store.in_memory() or Store.open()"

    @staticmethod
    def in_memory() -> Store:
        """Make an empty database in memory."""
        return Store._of(_in_memory())

    @staticmethod
    def open(path: str | os.PathLike[str]) -> Store:
        """Open the database in the file `path`, which is made if it is not there."""
        if not isinstance(path, (str, bytes)) and not hasattr(type(path), "__fspath__"):
            raise wrong_type(path, "path", "a str or os.PathLike", "pass the path of the database file")
        encoded = os.fsencode(path)
        return Store._of(_open(encoded, len(encoded)))

    def read(self) -> Reader:
        """Take a snapshot of what is committed now."""
        return Reader._of(_read(self._handle))

    def write(self) -> Writer:
        """Begin the one transaction that writes; never waits for another one."""
        return Writer._of(_write(self._handle))

    def close(self, *, refuse: bool = False) -> None:
        """Close it: nothing new is made of it; readers and writers go on. With `refuse`, raise `HasChildren` instead."""
        _store_close(self._handle, 1 if refuse else 0)

    def provoke_panic(self) -> None:
        """Panic in native code, for tests: raises `NativePanic` and leaves the store fenced off."""
        _store_panic(self._handle)


class Reader(Owned):
    """A snapshot of a store, and an iterator over its items. One thread at a time may use it."""

    __slots__ = ()
    _how = "use store.read()"

    def get(self, key: bytes) -> bytes | None:
        """Return the value of `key`, or None."""
        return _reader_get(self._handle, data(key, "key"), length(key))

    def count(self) -> int:
        """Return how many items there are."""
        return _reader_count(self._handle)

    def rewind(self) -> None:
        """Go back to before the first item."""
        _reader_rewind(self._handle)

    def __iter__(self) -> Reader:
        return self

    def __next__(self) -> tuple[bytes, bytes]:
        item = _reader_next(self._handle)
        if item[0] is None:
            raise StopIteration
        return item

    def close(self) -> None:
        """Give the snapshot up; if another thread is in a call, when that ends."""
        _reader_close(self._handle)


class Writer(Owned):
    """The one transaction of a store that writes. One thread at a time may use it; what is not committed is undone."""

    __slots__ = ()
    _how = "use store.write()"

    def put(self, key: bytes, value: bytes) -> None:
        """Store `value` under `key`."""
        _put(self._handle, data(key, "key"), length(key), data(value, "value"), length(value))

    def get(self, key: bytes) -> bytes | None:
        """Return the value of `key` as this transaction sees it, or None."""
        return _writer_get(self._handle, data(key, "key"), length(key))

    def remove(self, key: bytes) -> bool:
        """Remove `key` and return whether it was there."""
        return bool(_remove(self._handle, data(key, "key"), length(key)))

    def deleter(self, prefix: bytes) -> Deleter:
        """Make a cursor of this thread that deletes the keys that begin with `prefix`."""
        return Deleter._of(_deleter(self._handle, data(prefix, "prefix"), length(prefix)))

    def commit(self) -> None:
        """Make the changes last and end the writer, also if this raises `DatabaseError` or `OSError`."""
        _commit(self._handle)

    def abort(self) -> None:
        """Undo the changes and end the writer; if another thread is in a call, when that ends."""
        _abort(self._handle)

    close = abort

    def __exit__(self, kind: type[BaseException] | None = None, *_exception: object) -> None:
        if kind is not None or self.closed:
            self.abort()
            return
        try:
            self.commit()
        except BaseException:
            self.abort()  # what could not be committed must not stay open behind the with statement
            raise


class Deleter(Owned):
    """A cursor that deletes keys as it goes. Only the thread that made it may use or close it; it ends with that thread."""

    __slots__ = ()
    _how = "use writer.deleter()"

    def step(self) -> bytes | None:
        """Delete the next key and return it; None after the last one."""
        return _step(self._handle)

    def close(self) -> None:
        """End the cursor, not the writer."""
        _deleter_close(self._handle)
