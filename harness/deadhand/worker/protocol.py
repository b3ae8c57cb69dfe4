"""Messages between controller and zygote: a length, then MessagePack. Both ends are ours; the child has neither."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    import socket

_LENGTH = struct.Struct("<I")


class Lost(ConnectionError):  # noqa: N818  reads as what happened
    """The other end is gone."""


def send(sock: socket.socket, message: dict[str, Any]) -> None:
    """Send one message. Raises Lost when the other end is gone."""
    data = msgspec.msgpack.encode(message)
    try:
        sock.sendall(_LENGTH.pack(len(data)) + data)
    except OSError as error:
        raise Lost(str(error)) from error


def receive(sock: socket.socket) -> dict[str, Any]:
    """Wait for one message. Raises Lost when the other end is gone, TimeoutError after the socket's timeout."""
    (length,) = _LENGTH.unpack(_exactly(sock, _LENGTH.size))
    message: dict[str, Any] = msgspec.msgpack.decode(_exactly(sock, length))
    return message


def _exactly(sock: socket.socket, size: int) -> bytes:
    parts = bytearray()
    while len(parts) < size:
        try:
            part = sock.recv(size - len(parts))
        except TimeoutError:
            raise
        except OSError as error:
            raise Lost(str(error)) from error
        if not part:
            raise Lost("end of stream")
        parts += part
    return bytes(parts)
