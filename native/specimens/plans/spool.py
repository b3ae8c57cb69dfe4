"""Plan of attack on the specimen spool (MAD-10): jobs in a spool that ends at exit."""

import sys
from pathlib import Path

from deadhand import Handle, Target, creates, disposes, ledger, raises, uses

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load


class _Spool(Target):
    job = Handle(after_dispose=raises(ValueError))

    @creates(job)
    def submit(self):
        return self.module.Job()

    @uses
    def print(self, job):
        return job.print()

    @disposes(job)
    def close(self, job):
        job.close()

    @ledger
    def alive(self):
        return self.module.alive()


class Bug(_Spool):
    """The spool is freed at exit, jobs or no jobs."""

    module = load("spool", "bug")


class Fixed(_Spool):
    """Its last job ends it."""

    module = load("spool", "fixed")
