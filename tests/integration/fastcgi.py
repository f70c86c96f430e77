"""A FastCGI connection, as a web server makes it (FastCGI 1.0, sections 3.3, 3.4 and 5)."""

import socket
import struct

BEGIN_REQUEST, ABORT_REQUEST, END_REQUEST, PARAMS, STDIN, STDOUT = 1, 2, 3, 4, 5, 6
GET_VALUES, GET_VALUES_RESULT, UNKNOWN_TYPE = 9, 10, 11
RESPONDER, AUTHORIZER, KEEP_CONN = 1, 2, 1
REQUEST_COMPLETE, CANT_MPX_CONN, OVERLOADED, UNKNOWN_ROLE = range(4)


def record(kind, content=b"", request_id=1):
    return struct.pack(">BBHHBx", 1, kind, request_id, len(content), 0) + content


def begin(role=RESPONDER, flags=KEEP_CONN, request_id=1):
    return record(BEGIN_REQUEST, struct.pack(">HB5x", role, flags), request_id)


def _pair(name, value):
    name, value = name.encode(), value.encode()
    return struct.pack(">II", len(name) | 1 << 31, len(value) | 1 << 31) + name + value


def pairs(variables):
    return b"".join(_pair(name, value) for name, value in variables.items())


def get(path, request_id=1, **variables):
    """The records of a request without a body."""
    variables = {"REQUEST_METHOD": "GET", "SCRIPT_NAME": path, **variables}
    return (begin(request_id=request_id) + record(PARAMS, pairs(variables), request_id) +
            record(PARAMS, b"", request_id) + record(STDIN, b"", request_id))


class Connection:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(20)
        self.socket.connect(str(path))

    def send_request(self, variables, body=b""):
        variables = {"CONTENT_LENGTH": str(len(body)), **variables}
        self.socket.sendall(
            begin() + record(PARAMS, pairs(variables)) + record(PARAMS) +
            (record(STDIN, body) if body else b"") + record(STDIN))

    def read_record(self):
        """Its type, request and content; None at the connection's end."""
        head = self._read(8)
        if head is None:
            return None
        _, kind, request_id, length, padding = struct.unpack(">BBHHBx", head)
        content = self._read(length)
        return None if content is None or self._read(padding) is None else \
            (kind, request_id, content)

    def _read(self, size):
        data = b""
        while len(data) < size:
            try:
                piece = self.socket.recv(size - len(data))
            except ConnectionError:
                piece = b""
            if not piece:
                return None
            data += piece
        return data

    def read_answer(self):
        """The head and body of an answer, and its protocol status; None if it does not end."""
        text = b""
        while (found := self.read_record()) is not None:
            kind, _, content = found
            if kind == STDOUT:
                text += content
            elif kind == END_REQUEST:
                return text, content[4]
        return None

    def abort(self):
        self.socket.sendall(record(ABORT_REQUEST))

    def close(self):
        self.socket.close()
