"""What is called once must not be called again (MAD-13)."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load

lib = load("siren", sys.argv[1])

calls = []
siren = lib.Siren()
siren.once(lambda: calls.append(1))
siren.fire()
siren.fire()
if calls != [1]:
    sys.exit(f"{len(calls)} calls arrived")
print("clean")
