"""What a keeper keeps must not die with the list it came from (MAD-05). A second argument names the kind of item."""

import gc
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load

lib = load("keeper", sys.argv[1])
kind = sys.argv[2] if len(sys.argv) > 2 else "instance"


class Plain:
    """An object like any other."""


fresh = {"text": lambda: "x" * 100_000 + str(id(gc)), "instance": Plain, "float": lambda: float("1.5") * 3, "list": lambda: [None] * 3}
items = [fresh[kind.partition("_")[0]]()]
before = sys.getrefcount(items[0])
keeper = lib.Keeper(items)
if kind == "instance" and sys.getrefcount(items[0]) == before:
    sys.exit("the keeper took no reference of its own")
expected = type(items[0]).__name__
items.clear()
if kind.endswith("_collected"):
    gc.collect()
others = [Plain() for _ in range(64)] if kind.endswith("_reused") else []
answer = keeper.kind_of()
if answer.rpartition(".")[2] != expected:
    sys.exit(f"what is kept became a {answer}")
print("clean")
