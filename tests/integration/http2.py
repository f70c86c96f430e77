"""A provider that speaks HTTP/2 frame by frame, for what no proper server would send."""

import ctypes
import socket
import ssl
import threading

from tls import make_certificate

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, SETTINGS, PING, WINDOW_UPDATE, CONTINUATION = 0, 1, 4, 6, 8, 9
ACK = END_STREAM = 0x1
END_HEADERS = 0x4
END_OF_REQUEST = object()


def libcurl_version():
    library = ctypes.CDLL("libcurl.so.4")
    library.curl_version.restype = ctypes.c_char_p
    return tuple(map(int, library.curl_version().decode().split()[0].split("/")[1]
                     .split("-")[0].split(".")))


# Of the libcurl that the programs use: with an older one they speak HTTP/1.1 alone.
IS_SPOKEN = libcurl_version() >= (8, 12)


def frame(kind, flags=0, stream=0, payload=b""):
    return (len(payload).to_bytes(3, "big") + bytes([kind, flags])
            + stream.to_bytes(4, "big") + payload)


def field(name, value):
    """A header of HPACK's plainest form: literal, not indexed, not compressed; below 127 bytes."""
    return bytes([0, len(name)]) + name.encode() + bytes([len(value)]) + value.encode()


def head(status, stream=1, **fields):
    block = field(":status", str(status))
    for name, value in fields.items():
        block += field(name.replace("_", "-"), value)
    return frame(HEADERS, END_HEADERS, stream, block)


class Http2Provider:
    """
    Answers the request of each connection with the bytes that answer() gives, one piece after the
    other, until there is no more or the other side closes. It begins when the request has ended,
    or, without whole_request, when it has begun; END_OF_REQUEST among the pieces waits for its
    end then. Who does not speak HTTP/2 is turned away.
    """

    def __init__(self, directory, answer, whole_request=True):
        self.certificate, key = make_certificate(directory)
        self.answer = answer
        self.whole_request = whole_request
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(self.certificate, key)
        self.context.set_alpn_protocols(["h2", "http/1.1"])
        self.spoken = []  # on each connection
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.base = f"https://127.0.0.1:{self.listener.getsockname()[1]}/v1"
        self.count = 0
        self.peer_closed = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                plain, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(plain,), daemon=True).start()

    def _serve(self, plain):
        try:
            with self.context.wrap_socket(plain, server_side=True) as connection:
                self.spoken.append(connection.selected_alpn_protocol())
                if self.spoken[-1] != "h2":
                    return
                stream = connection.makefile("rb")
                assert stream.read(len(PREFACE)) == PREFACE
                connection.sendall(frame(SETTINGS) + frame(SETTINGS, ACK))
                _read_request(stream, self.whole_request)
                self.count += 1
                for piece in self.answer():
                    if piece is END_OF_REQUEST:
                        _read_request(stream, True)
                    else:
                        connection.sendall(piece)
                while stream.read(1):
                    pass
        except (OSError, EOFError):
            pass
        finally:
            self.peer_closed.set()

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def _read_request(stream, whole):
    while True:
        frame_head = stream.read(9)
        if len(frame_head) < 9:
            raise EOFError
        stream.read(int.from_bytes(frame_head[:3], "big"))
        if frame_head[3] in (DATA, HEADERS) and (frame_head[4] & END_STREAM or not whole):
            return
