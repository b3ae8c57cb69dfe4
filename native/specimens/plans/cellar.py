"""Plan of attack on the specimen cellar (MAD-16): casks, and a collection before each new one."""

import sys
from pathlib import Path
from typing import ClassVar

from deadhand import Handle, Target, creates, disposes, ledger, raises, uses

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load


class _Cellar(Target):
    skip_hazards: ClassVar = {"sub-interpreter": "a ctypes callback attaches by PyGILState, which knows the main interpreter alone"}
    cask = Handle(after_dispose=raises(ValueError))

    @creates(cask)
    def open(self):
        return self.module.Cask()

    @uses
    def fill(self, cask):
        return cask.fill()

    @disposes(cask)
    def close(self, cask):
        cask.close()

    @ledger
    def alive(self):
        return self.module.alive()


class Bug(_Cellar):
    """It collects with the list locked."""

    module = load("cellar", "bug")


class Fixed(_Cellar):
    """It collects first."""

    module = load("cellar", "fixed")
