"""Plan of attack on the specimen dataset (MAD-03): datasets behind ids that are given out again."""

import sys
from pathlib import Path

from deadhand import Handle, Target, creates, disposes, identity, ledger, raises

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load


class _Dataset(Target):
    dataset = Handle(after_dispose=raises(ValueError))

    @creates(dataset)
    def create(self):
        return self.module.Dataset(self.nonce())

    @identity
    def nonce_of(self, dataset):
        return dataset.nonce()

    @disposes(dataset)
    def close(self, dataset):
        dataset.close()

    @ledger
    def alive(self):
        return self.module.alive()


class Bug(_Dataset):
    """An id is valid when its slot is taken."""

    module = load("dataset", "bug")


class Fixed(_Dataset):
    """An id is valid when its generation is right."""

    module = load("dataset", "fixed")
