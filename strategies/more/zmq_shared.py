"""Plan of attack on pyzmq: one socket used by two threads, and closed by one of them.

ZeroMQ documents that a socket belongs to one thread at a time (zguide, "Multithreading with ZeroMQ"), so what is found here is a hazard that the
library accepts, and worth knowing all the same: the interpreter dies where a Python user expects an exception.
"""

import zmq
from hypothesis import strategies as st

from deadhand import Handle, Target, creates, disposes, raises, uses

closed = raises(zmq.ZMQError, or_works=True)
WAITS = "a context waits for its open sockets when it is finalized, as documented: each would be a hang"


class SharedSockets(Target):
    module = zmq
    skip_hazards = dict.fromkeys(("cycle", "drop", "uninitialised", "reinitialise", "outlive", "interpreter exit", "creator ends", "resurrect", "sub-interpreter", "fork"), WAITS)
    context = Handle(overlap=False)
    socket = Handle(parent=context, after_dispose=closed, when_parent_disposed=closed)

    @creates(context)
    def make(self):
        return zmq.Context()

    @creates(socket)
    def open(self, context):
        socket = context.socket(zmq.PAIR)
        socket.linger, socket.rcvtimeo, socket.sndtimeo = 0, 20, 20  # milliseconds: what waits does so for a moment
        socket.bind(f"inproc://{self.nonce()}")
        return socket

    @uses
    def send(self, socket, size=st.sampled_from([0, 8, 900])):
        socket.send(bytes(size))

    @uses
    def receive(self, socket):
        socket.recv()

    @uses
    def poll(self, socket):
        return socket.poll(20)

    @uses
    def connect(self, socket):
        socket.connect("inproc://nowhere")

    @disposes(socket)
    def close(self, socket):
        socket.close()

    @disposes(context)
    def destroy(self, context):
        context.destroy(0)
