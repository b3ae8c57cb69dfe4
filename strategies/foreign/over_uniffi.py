"""Plans of attack on the core through the binding that UniFFI generates: those of strategies/core, and nothing else."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2]))
from native.foreign.shelf import load
from strategies.core import buffer, callback, channel, store, text

core = load("core_uniffi")


class Store(store.Store):
    module = core


class Memory(buffer.Memory):
    module = core


class Texts(text.Texts):
    module = core


class Callback(callback.Callback):
    module = core


class Channel(channel.Channel):
    module = core
