"""get() on one thread must survive close() on another (MAD-18)."""

import contextlib
import sys
import threading
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load

lib = load("environment", sys.argv[1])


def get(environment, answers):
    with contextlib.suppress(ValueError):  # closed before it began
        answers.append(environment.get())


for _ in range(20):
    environment = lib.Environment(7)
    answers = []
    getter = threading.Thread(target=get, args=(environment, answers))
    getter.start()
    environment.close()
    getter.join()
    if answers not in ([7], []):
        sys.exit(f"get() answered {answers[0]:#x}, not 7")
print("clean")
