"""Plan of attack on the specimen scanner (MAD-18): scans on a thread of the library's own."""

import sys
from pathlib import Path

from deadhand import Handle, Target, creates, disposes, ledger, raises, uses

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load


class _Scanner(Target):
    scanner = Handle(after_dispose=raises(ValueError))

    @creates(scanner)
    def open(self):
        return self.module.Scanner(self.nonce())

    @uses
    def scan(self, scanner):
        return scanner.scan()

    @disposes(scanner)
    def close(self, scanner):
        scanner.close()

    @ledger
    def alive(self):
        return self.module.alive()


class Bug(_Scanner):
    """A scan says that it is over, then calls back."""

    module = load("scanner", "bug")


class Fixed(_Scanner):
    """A scan calls back, then says that it is over."""

    module = load("scanner", "fixed")
