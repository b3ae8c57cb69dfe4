"""Plan of attack on the specimen journal (MAD-25): a log that tells Python when it has closed."""

import sys
from pathlib import Path
from typing import ClassVar

from deadhand import Handle, Target, creates, disposes, ledger, raises, uses

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load


class _Journal(Target):
    skip_hazards: ClassVar = {"sub-interpreter": "a ctypes callback attaches by PyGILState, which knows the main interpreter alone"}
    journal = Handle(after_dispose=raises(ValueError))

    @creates(journal)
    def open(self):
        return self.module.Journal()

    @uses
    def write(self, journal):
        return journal.write()

    @disposes(journal)
    def close(self, journal):
        journal.close()

    @ledger
    def alive(self):
        return self.module.alive()


class Bug(_Journal):
    """An open journal is closed after the interpreter."""

    module = load("journal", "bug")


class Fixed(_Journal):
    """An open journal is closed before the interpreter ends."""

    module = load("journal", "fixed")
