"""The tuned parameters of random programs, in one place. Percent unless said otherwise.

Source: measured on 97 public bugs of CPython's own C modules (how many were found per CPU second); docs/design.md says what
each is worth.
"""

from __future__ import annotations

HOSTILE_SLOT = 45  # a slot that may be hostile, is
AUTO_HOSTILE = 12  # an ordinary integer, buffer … becomes its hostile twin although the plan did not say so
AUTO_HOSTILE_TEXT = 4  # a text: it is often only a name that the plan itself looks up
SAME_VALUE = 50  # a parameter gets the value that one of its name had earlier in the program: keys that must agree
ITSELF = 20  # a call that takes two handles of one kind is given the same one twice
TWIN = 60  # …or a second one made and filled as the first was
SMALLER = 80  # of two sizes for a nested operation that ends something, the smaller
LARGE = 25  # a size for a creator is a large one, if the plan has such: small blocks freed seldom show
SHY = 35  # a creator that succeeds less often is given a prelude
SECOND_HOSTILE = 25  # when one slot of a call is made hostile, whether another may be too
HOSTILE_RAISES = 6
HOSTILE_KEEPS = 15
HOSTILE_ON_DEATH = 4
FINALIZER = 12  # of the calls written to re-enter: the object does so when it dies, and something soon lets go of it
ON_LIVE = 75  # the call written to re-enter takes a live handle; else any
TRIGGER = 55  # what was given is used by one or two other operations soon after
NTH_VALUE = ((1, 80), (2, 10), (3, 6), (5, 4))
NTH_CREATOR = ((1, 40), (2, 20), (3, 15), (4, 10), (5, 9), (8, 6))  # the first calls come before the new handle is held
NTH_CALLBACK = ((1, 55), (2, 18), (3, 12), (5, 9), (8, 6))
NESTED_TARGET = (("ender", 60), ("receiver", 20), ("related", 20))
NESTED_LENGTH = ((1, 70), (2, 20), (3, 10))
HANDLE_STATE = (("latest", 55), ("live", 25), ("ended", 20))
LENGTH = ((5, 30), (8, 30), (12, 20), (20, 20))  # steps, upper bound of each share
SHAPE = (("motif", 45), ("motifs", 25), ("walk", 30))  # one hazard alone, hazards with noise, a random walk
MOTIFS = ((1, 50), (2, 30), (3, 20))  # hazards in a program that has no noise: a child costs more than a step
WALK = (("operation", 62), ("end", 14), ("hazard", 24))
STRESS = 3
EXIT = 20  # of the programs that come last in a batch: a real interpreter exit costs as much as a hundred programs
DEAR = 15  # of the programs that come last in a batch and do not exit: a second interpreter, or a forked child that exits, costs as much as one that does
BUSY_SHARE = 5  # times the usual share of forks, where they may come while a thread is inside: one decision among many must be met
BUSY_FORK = 70  # a fork comes while another thread is inside a library that promises to survive that
IN_FORK = (("use", 55), ("dispose", 30), ("drop", 15))  # what a forked child does with the handles it finds
PRESSURE = (20, 50)  # creations
SHORTAGE = 30  # allocations of one call that fail, one at a time…
SHORTAGE_FROM = ((1, 70), (31, 20), (61, 10))  # …from here on
FLIGHT = (("cancel", 40), ("drop", 20), ("close", 30), ("bare", 10))
PAUSE = ((1, 70), (2, 20), (3, 10))  # the await at which
ELSEWHERE = 25  # a handle is let go, or the collector runs, on another thread than the main one
