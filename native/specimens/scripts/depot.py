"""A second interpreter must not stop the library under the first one (MAD-27)."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load

lib = load("depot", sys.argv[1])

box = lib.Box()

try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters

text = f"import sys; sys.path.extend({sys.path!r}); from shelf import load; load('depot', {sys.argv[1]!r})"
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

box.put(1)
print("clean")
