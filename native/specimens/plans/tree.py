"""Plan of attack on the specimen tree (MAD-05): a document and nodes that look into it."""

import sys
from pathlib import Path

from hypothesis import strategies as st

from deadhand import Handle, Target, creates, disposes, ledger, raises, reads

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load


class _Tree(Target):
    document = Handle(after_dispose=raises(ValueError))
    node = Handle(parent=document)

    @creates(document)
    def parse(self):
        return self.module.Document(100 * self.nonce())

    @creates(node)
    def node_of(self, document, index=st.integers(0, 5)):
        return document.node(index)

    @reads
    def value(self, node):
        return node.value()

    @disposes(document)
    def close(self, document):
        document.close()

    @ledger
    def alive(self):
        return self.module.alive()


class Bug(_Tree):
    """A node does not keep the tree."""

    module = load("tree", "bug")


class Fixed(_Tree):
    """A node counts as a holder of the tree."""

    module = load("tree", "fixed")
