"""A vault must not hang in a child that was forked while another thread was inside it (MAD-28)."""

import ctypes
import os
import sys
import threading
import time
import warnings
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load

warnings.simplefilter("ignore")  # of a fork beside threads: it is what this is about

lib = load("vault", sys.argv[1])
vault = lib.Vault()
native = ctypes.CDLL(lib._path)
native.set_window(native.vault_doze)
other = threading.Thread(target=vault.put, args=(1,))
other.start()
time.sleep(0.05)  # now it dozes in the window
child = os.fork()
if not child:
    vault.put(2)
    os._exit(0)
other.join()
for _ in range(200):
    done, status = os.waitpid(child, os.WNOHANG)
    if done:
        break
    time.sleep(0.01)
else:
    os.kill(child, 9)
    os.waitpid(child, 0)
    sys.exit("the forked child hangs in put()")
print("clean")
