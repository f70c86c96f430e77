"""When programs write to a server of Redis: what its MONITOR shows."""

import re
import socket
import threading
import time

# A server that is a replica shows there what its master writes, but not as a script's.
SCRIPT_WRITES = re.compile(
    rb'\+([0-9.]+) \[\d+ lua\] "(?:SET|SETRANGE|HSET|HINCRBY|RPUSH|LPUSH|EXPIRE|PEXPIRE|ZADD)"',
    re.IGNORECASE)


class Monitor:
    """Of a server that wants no login. Connects again when that is cut, as Sentinels do."""

    def __init__(self, server):
        self.server = server
        self.times = []  # time.monotonic() of each write by a script
        self.closed = False
        self.connect()
        threading.Thread(target=self.read, daemon=True).start()

    def connect(self):
        self.socket = socket.create_connection(self.server.address)
        self.socket.sendall(b"MONITOR\r\n")
        self.stream = self.socket.makefile("rb", 1 << 16)

    def read(self):
        while not self.closed:
            try:
                self.read_connection()
                self.connect()
            except OSError:
                time.sleep(0.01)

    def read_connection(self):
        offset = time.time() - time.monotonic()
        for line in self.stream:
            written = SCRIPT_WRITES.match(line)
            if written:
                self.times.append(float(written[1]) - offset)

    def first_after(self, when):
        """The time of the first write after that, or None."""
        return next((written for written in self.times if written > when), None)

    def close(self):
        self.closed = True
        self.socket.shutdown(socket.SHUT_RDWR)
