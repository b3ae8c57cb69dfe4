"""The objects behind `hostile.*`, as they exist in the child. Standard library only: exported scripts copy these classes.

Each answers one protocol with an ordinary value and calls `fire(given)` first; what fire does is the program's business.
All can be weakly referenced, so that it can be seen whether a library lets go of them.
"""

import sys


class Index:
    """`__index__`, `__int__`, `__float__`."""

    def __init__(self, value, fire):
        self.value = value
        self.fire = fire

    def __index__(self):
        self.fire(())
        return self.value

    def __int__(self):
        self.fire(())
        return self.value

    def __float__(self):
        self.fire(())
        return float(self.value)

    def __bool__(self):
        self.fire(())
        return bool(self.value)

    def __repr__(self):
        self.fire(())
        return "Index"


class Equal:
    """Comparisons that run steps; the hash is constant, so that every container compares."""

    def __init__(self, value, fire):
        self.value = value
        self.fire = fire

    def __hash__(self):
        return 1

    def __eq__(self, other):
        self.fire((other,))
        return self.value

    def __ne__(self, other):
        self.fire((other,))
        return not self.value

    def __lt__(self, other):
        self.fire((other,))
        return self.value

    __le__ = __gt__ = __ge__ = __lt__

    def __repr__(self):
        self.fire(())
        return "Equal"


class Hashed:
    """Hash and equality that run steps."""

    def __init__(self, value, fire):
        self.value = value
        self.fire = fire

    def __hash__(self):
        self.fire(())
        return self.value

    def __eq__(self, other):
        self.fire((other,))
        return self is other

    def __repr__(self):
        self.fire(())
        return "Hashed"


class Text(str):
    """A str whose protocol methods run steps."""

    def __new__(cls, value, fire):
        self = super().__new__(cls, value)
        self.fire = fire
        return self

    def __init__(self, value, fire):
        pass

    def __len__(self):
        self.fire(())
        return str.__len__(self)

    def __str__(self):
        self.fire(())
        return str.__str__(self)

    def __hash__(self):
        self.fire(())
        return str.__hash__(self)

    def __eq__(self, other):
        self.fire((other,))
        return str.__eq__(self, other)

    def __iter__(self):
        self.fire(())
        return str.__iter__(self)

    def encode(self, *args, **kwargs):
        self.fire(())
        return str.encode(self, *args, **kwargs)


class Data(bytes):
    """A bytes whose protocol methods run steps."""

    def __new__(cls, value, fire):
        self = super().__new__(cls, value)
        self.fire = fire
        return self

    def __init__(self, value, fire):
        pass

    def __len__(self):
        self.fire(())
        return bytes.__len__(self)

    def __bytes__(self):
        self.fire(())
        return bytes(memoryview(self))

    def __getitem__(self, index):
        self.fire((index,))
        return bytes.__getitem__(self, index)

    def __iter__(self):
        self.fire(())
        return bytes.__iter__(self)

    def __hash__(self):
        self.fire(())
        return 1

    def __eq__(self, other):
        self.fire((other,))
        return bytes.__eq__(self, other)


class Iterable:
    """Iteration, length and indexing that run steps."""

    def __init__(self, value, fire):
        self.value = list(value)
        self.fire = fire
        self.at = 0

    def __iter__(self):
        self.fire(())
        self.at = 0
        return self

    def __next__(self):
        self.fire(())
        if self.at >= len(self.value):
            raise StopIteration
        self.at += 1
        return self.value[self.at - 1]

    def __len__(self):
        self.fire(())
        return len(self.value)

    def __length_hint__(self):
        self.fire(())
        return len(self.value)

    def __getitem__(self, index):
        self.fire((index,))
        return self.value[index]


class Sequence(list):
    """A list subclass whose protocol methods run steps."""

    def __init__(self, value, fire):
        super().__init__(value)
        self.fire = fire

    def __len__(self):
        self.fire(())
        return list.__len__(self)

    def __iter__(self):
        self.fire(())
        return list.__iter__(self)

    def __getitem__(self, index):
        self.fire((index,))
        return list.__getitem__(self, index)


class Mapping:
    """A mapping whose methods run steps."""

    def __init__(self, value, fire):
        self.value = dict(value)
        self.fire = fire

    def keys(self):
        self.fire(())
        return self.value.keys()

    def items(self):
        self.fire(())
        return self.value.items()

    def __getitem__(self, key):
        self.fire((key,))
        return self.value[key]

    def __iter__(self):
        self.fire(())
        return iter(self.value)

    def __len__(self):
        self.fire(())
        return len(self.value)

    def __contains__(self, key):
        self.fire((key,))
        return key in self.value


if sys.version_info >= (3, 12):

    class Buffer:
        """A writable buffer; asking for it, and giving it back, run steps."""

        def __init__(self, value, fire):
            self.value = bytearray(value)
            self.fire = fire

        def __buffer__(self, flags):
            self.fire(())
            return memoryview(self.value)

        def __release_buffer__(self, view):
            try:
                self.fire((view,))
                view.release()
            except (RuntimeError, BufferError):
                pass  # nobody can catch what is raised here: it would be a find about the interpreter

        def __len__(self):
            self.fire(())
            return len(self.value)

else:

    class Buffer(bytearray):
        """A bytearray subclass whose length runs steps (Python code cannot export buffers before 3.12)."""

        def __init__(self, value, fire):
            super().__init__(value)
            self.fire = fire

        def __len__(self):
            self.fire(())
            return bytearray.__len__(self)

        def __getitem__(self, index):
            self.fire((index,))
            return bytearray.__getitem__(self, index)


class File:
    """A raw file whose methods run steps."""

    def __init__(self, value, fire):
        self.value = bytes(value)
        self.fire = fire
        self.at = 0
        self.closed = False

    def readable(self):
        return True

    def writable(self):
        return True

    def seekable(self):
        return True

    def read(self, size=-1):
        self.fire((size,))
        end = len(self.value) if size is None or size < 0 else self.at + size
        data = self.value[self.at : end]
        self.at += len(data)
        return data

    def read1(self, size=-1):
        return self.read(size)

    def readinto(self, buffer):
        self.fire((buffer,))
        data = self.value[self.at : self.at + len(buffer)]
        buffer[: len(data)] = data
        self.at += len(data)
        return len(data)

    def readline(self, size=-1):
        self.fire((size,))
        end = self.value.find(b"\n", self.at) + 1 or len(self.value)
        data = self.value[self.at : end]
        self.at = end
        return data

    def __iter__(self):
        self.fire(())
        return iter(self.value.splitlines(True))

    def write(self, data):
        self.fire((data,))
        return len(data)

    def seek(self, offset, whence=0):
        self.fire((offset,))
        self.at = max(0, (0, self.at, len(self.value))[whence] + offset)
        return self.at

    def tell(self):
        self.fire(())
        return self.at

    def truncate(self, size=None):
        self.fire((size,))
        return self.at if size is None else size

    def flush(self):
        self.fire(())

    def close(self):
        self.fire(())
        self.closed = True


class Truth:
    """`__bool__` that runs steps."""

    def __init__(self, value, fire):
        self.value = value
        self.fire = fire

    def __bool__(self):
        self.fire(())
        return self.value


class Path:
    """`__fspath__` that runs steps."""

    def __init__(self, value, fire):
        self.value = value
        self.fire = fire

    def __fspath__(self):
        self.fire(())
        return self.value


class Object:
    """An element or user data: comparison, hash, repr and unknown attributes run steps."""

    def __init__(self, value, fire):
        self.value = value
        self.fire = fire

    def __hash__(self):
        return 1

    def __eq__(self, other):
        self.fire((other,))
        return self is other

    def __lt__(self, other):
        self.fire((other,))
        return id(self) < id(other)

    def __repr__(self):
        self.fire(())
        return "Object"

    def __bool__(self):
        self.fire(())
        return True

    def __copy__(self):
        self.fire(())
        return self

    def __deepcopy__(self, memo):
        self.fire((memo,))
        return self

    def __reduce_ex__(self, protocol):
        self.fire(())
        return (int, ())

    def __getattr__(self, name):
        if name in ("fire", "value", "held") or name.startswith("__"):
            raise AttributeError(name)
        self.fire((name,))
        raise AttributeError(name)


class Callback:
    """A callable that takes anything, runs steps, and returns a value. It also serves as an aggregate's class."""

    def __init__(self, value, fire):
        self.value = value
        self.fire = fire

    def __call__(self, *given, **_):
        self.fire(given)
        return self.value

    def __hash__(self):
        return 1

    def __eq__(self, other):
        self.fire((other,))
        return self is other

    def __repr__(self):
        self.fire(())
        return "Callback"


class Steps:
    """What a hazard runs elsewhere: in a forked process."""

    def __init__(self, value, fire):
        self.value = value
        self.fire = fire

    def __call__(self):
        self.fire(())


CLASSES = {
    "index": Index,
    "equal": Equal,
    "hashed": Hashed,
    "text": Text,
    "data": Data,
    "iterable": Iterable,
    "sequence": Sequence,
    "mapping": Mapping,
    "buffer": Buffer,
    "file": File,
    "truth": Truth,
    "path": Path,
    "object": Object,
    "callback": Callback,
    "steps": Steps,
}
