"""flush() must come back when all is sent (MAD-22). The windows have no width: hooks make them wide. The alarm ends a wait for ever."""

import signal
import sys
import threading
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load, widen

lib = load("outbox", sys.argv[1])
outbox = lib.Outbox()
asked, sent = threading.Event(), threading.Event()
flusher = threading.Thread(target=outbox.flush)


def on_its_way():
    widen(lib, before_the_wait)
    flusher.start()
    asked.wait()


def before_the_wait():
    asked.set()
    sent.wait()


widen(lib, on_its_way)
signal.alarm(2)
outbox.send()
sent.set()
flusher.join()
print("clean")
