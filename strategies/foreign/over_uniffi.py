"""Plans of attack on the core through the binding that UniFFI generates: those of strategies/core, and nothing else."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2]))
from native.foreign.shelf import load
from strategies.core.buffer import Memory as MemoryPlan
from strategies.core.callback import Callback as CallbackPlan
from strategies.core.channel import Channel as ChannelPlan
from strategies.core.store import Store as StorePlan
from strategies.core.text import Texts as TextsPlan

core = load("core_uniffi")


class Store(StorePlan):
    module = core


class Memory(MemoryPlan):
    module = core


class Texts(TextsPlan):
    module = core


class Callback(CallbackPlan):
    module = core


class Channel(ChannelPlan):
    module = core
