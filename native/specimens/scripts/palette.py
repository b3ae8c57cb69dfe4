"""A second interpreter must not take the table of the first with it (MAD-27)."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load

lib = load("palette", sys.argv[1])

try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters

text = f"import sys; sys.path.extend({sys.path!r}); from shelf import load; load('palette', {sys.argv[1]!r})"
if interpreters.__name__ == "_interpreters":
    second = interpreters.create("legacy")
    interpreters.exec(second, text)
else:
    try:
        second = interpreters.create(isolated=False)
    except TypeError:
        second = interpreters.create()
    interpreters.run_string(second, text)
interpreters.destroy(second)

try:
    lib.mix(1)
except SystemError as error:
    sys.exit(f"the table is gone: {error}")
print("clean")
