"""deadhand: safety testing for cross-runtime lifetime bugs. The names a plan of attack needs."""

from deadhand.target import hostile as hostile
from deadhand.target.contract import Expectation as Expectation
from deadhand.target.contract import raises as raises
from deadhand.target.contract import works as works
from deadhand.target.handle import Handle as Handle
from deadhand.target.hostile import Borrowed as Borrowed
from deadhand.target.hostile import Reentry as Reentry
from deadhand.target.operation import creates as creates
from deadhand.target.operation import disposes as disposes
from deadhand.target.operation import identity as identity
from deadhand.target.operation import invalidates as invalidates
from deadhand.target.operation import ledger as ledger
from deadhand.target.operation import reads as reads
from deadhand.target.operation import restarts as restarts
from deadhand.target.operation import unsafe as unsafe
from deadhand.target.operation import uses as uses
from deadhand.target.target import Target as Target

__version__ = "0.1.0"

__all__ = [
    "Borrowed",
    "Expectation",
    "Handle",
    "Reentry",
    "Target",
    "creates",
    "disposes",
    "hostile",
    "identity",
    "invalidates",
    "ledger",
    "raises",
    "reads",
    "restarts",
    "unsafe",
    "uses",
    "works",
]
