"""A FastCGI connection, as a web server makes it (FastCGI 1.0, sections 3.3, 3.4 and 5)."""

import socket
import struct

BEGIN_REQUEST, ABORT_REQUEST, END_REQUEST, PARAMS, STDIN, STDOUT = 1, 2, 3, 4, 5, 6
RESPONDER, KEEP_CONN = 1, 1


def record(kind, content=b"", request_id=1):
    return struct.pack(">BBHHBx", 1, kind, request_id, len(content), 0) + content


def _pair(name, value):
    name, value = name.encode(), value.encode()
    return struct.pack(">II", len(name) | 1 << 31, len(value) | 1 << 31) + name + value


class Connection:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(20)
        self.socket.connect(str(path))

    def send_request(self, variables, body=b""):
        variables = {"CONTENT_LENGTH": str(len(body)), **variables}
        params = b"".join(_pair(name, value) for name, value in variables.items())
        self.socket.sendall(
            record(BEGIN_REQUEST, struct.pack(">HB5x", RESPONDER, KEEP_CONN)) +
            record(PARAMS, params) + record(PARAMS) +
            (record(STDIN, body) if body else b"") + record(STDIN))

    def abort(self):
        self.socket.sendall(record(ABORT_REQUEST))

    def close(self):
        self.socket.close()
