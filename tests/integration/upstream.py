"""A provider that does what a script says, over real TCP.

A script is a list of steps, each one of:

    dict             sent as a server-sent event: "event:" line, "data:" line, blank line
    bytes            sent as they are, in one chunk of the body
    Sleep(ms)        nothing for so long
    Gate()           nothing until somebody calls its open()
    Feed()           the steps that somebody puts into it, until its end()
    Endless(b, ms)   the bytes b again and again, with a pause after each time
    Reset()          the connection is reset
    Cut()            the connection is closed without the end of the chunked body
    Hang()           nothing until the other side closes the connection

After the last step the body ends as HTTP says and the connection is kept.
"""

import json
import os
import queue
import select
import socket
import struct
import threading
import time


class Sleep:
    def __init__(self, milliseconds):
        self.seconds = milliseconds / 1000


class Reset:
    pass


class Cut:
    pass


class Hang:
    pass


class Gate:
    def __init__(self):
        self.fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)

    def open(self):
        os.eventfd_write(self.fd, 1)

    def __del__(self):
        os.close(self.fd)


class Feed:
    """Steps handed over while the stream runs."""

    def __init__(self):
        self.fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC | os.EFD_SEMAPHORE)
        self.steps = queue.SimpleQueue()

    def send(self, *steps):
        for step in steps:
            self.steps.put(step)
            os.eventfd_write(self.fd, 1)

    def end(self):
        self.send(None)

    def finish(self):
        """The stream says that it is done, and ends."""
        self.send(b"data: [DONE]\n\n")
        self.end()

    def __del__(self):
        os.close(self.fd)


class Endless:
    """Only the other side ends it, by closing the connection."""

    def __init__(self, data, milliseconds=0):
        self.data = data
        self.seconds = milliseconds / 1000


class Script:
    """
    What to answer to one request. framing is "chunked"; or "whole", then the steps, which are
    bytes, go in one piece with the head; or "close", then the connection's end is the body's; or
    "raw", then the steps are all that is sent, without a head.
    """

    def __init__(self, steps, status=200, headers=None, framing="chunked"):
        self.steps = [] if framing == "whole" else list(steps)
        self.body = b"".join(steps) if framing == "whole" else b""
        self.status = status
        self.framing = framing
        self.headers = {"Content-Type": "text/event-stream; charset=utf-8", **(headers or {})}


def json_error(status, body, headers=None):
    """A script for an answer that is no stream: body is an object, or bytes."""
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Script([text], status, {"Content-Type": "application/json", **(headers or {})})


def event_bytes(event):
    """An event as providers send it; what is not ASCII goes as UTF-8."""
    data = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
    # Surrogates that are no character cannot be UTF-8 and have to be escaped.
    data = "".join(f"\\u{ord(c):04x}" if 0xD800 <= ord(c) < 0xE000 else c for c in data)
    return f"event: {event['type']}\ndata: {data}\n\n".encode()


class PeerClosed(Exception):
    pass


class Exchange:
    """One request, and what became of it."""

    def __init__(self, connection, method, path, headers, body):
        self.connection = connection  # a number: equal for requests on one connection
        self.method = method
        self.path = path
        self.headers = headers  # list of (lower-case name, value)
        self.body = body
        self.arrived_at = time.monotonic()
        self.answered = threading.Event()  # all of the script was sent
        self.peer_closed = threading.Event()  # the other side closed it before that
        self.peer_closed_at = None

    def header(self, name):
        return next((value for key, value in self.headers if key == name), None)

    def json(self):
        return json.loads(self.body)


class Upstream:
    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self.listener.getsockname()[1]
        self.base = f"http://127.0.0.1:{self.port}/v1"
        self.lock = threading.Condition()
        self.scripts = {}
        self.exchanges = []
        self.connections = {}
        self.connection_count = 0
        self.closing = Gate()
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()

    def script(self, model, *scripts):
        """
        What to answer to requests for model: a script each, the last for all that follow. In place
        of a model there may be a path: that of requests that name no model, or of any of them.
        """
        self.scripts[model] = [
            script if isinstance(script, Script) else Script(script) for script in scripts
        ]

    def requests(self, model):
        with self.lock:
            return [exchange for exchange in self.exchanges if self._name_of(exchange) == model]

    def wait_request(self, model, count=1, timeout=10):
        """The count-th request for model."""
        with self.lock:
            arrived = self.lock.wait_for(
                lambda: sum(self._name_of(e) == model for e in self.exchanges) >= count, timeout)
        assert arrived, f"request {count} for {model} did not reach the provider in {timeout} s"
        return self.requests(model)[count - 1]

    def release(self):
        """Ends every script that is running and every one that will begin."""
        self.closing.open()

    def close(self):
        self.release()
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
        with self.lock:
            connections = list(self.connections.values())
        for connection, _ in connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.thread.join(5)
        for _, thread in connections:
            thread.join(5)

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self.lock:
                self.connection_count += 1
                number = self.connection_count
                thread = threading.Thread(
                    target=self._serve, args=(connection, number), daemon=True)
                self.connections[number] = (connection, thread)
            thread.start()

    def _serve(self, connection, number):
        try:
            # The socket closes only when the file made of it is closed too.
            with connection, connection.makefile("rb") as stream:
                while True:
                    exchange = _read_request(stream, number)
                    if exchange is None:
                        return
                    script = self._script_for(exchange)
                    player = _Player(connection, exchange, script, self.closing)
                    if not player.play():
                        return
        except OSError:
            pass
        finally:
            with self.lock:
                self.connections.pop(number, None)

    def _name_of(self, exchange):
        """What scripts go by."""
        path = exchange.path.partition("?")[0]
        return path if path in self.scripts else _model_of(exchange)

    def _script_for(self, exchange):
        model = self._name_of(exchange)
        with self.lock:
            earlier = sum(self._name_of(e) == model for e in self.exchanges)
            self.exchanges.append(exchange)
            self.lock.notify_all()
        scripts = self.scripts.get(model)
        if not scripts:
            return json_error(404, {"error": {
                "message": f"no script for model {model}", "type": "invalid_request_error",
                "param": "model", "code": "model_not_found"}})
        return scripts[min(earlier, len(scripts) - 1)]


def _model_of(exchange):
    """What scripts go by: the model of the request, or its path if it names none."""
    try:
        return json.loads(exchange.body)["model"]
    except (ValueError, KeyError, TypeError):
        return exchange.path.partition("?")[0]


def _read_request(stream, number):
    line = stream.readline()
    if not line:
        return None
    method, path, _ = line.decode("latin-1").split(" ", 2)
    headers = []
    while True:
        line = stream.readline().decode("latin-1").rstrip("\r\n")
        if not line:
            break
        name, _, value = line.partition(":")
        headers.append((name.strip().lower(), value.strip()))
    known = dict(headers)
    if known.get("transfer-encoding", "").lower() == "chunked":
        body = b""
        while True:
            size = int(stream.readline().split(b";")[0], 16)
            body += stream.read(size)
            stream.readline()
            if size == 0:
                break
    else:
        body = stream.read(int(known.get("content-length", 0)))
    return Exchange(number, method, path, headers, body)


class _Player:
    """Plays one script on one connection."""

    def __init__(self, connection, exchange, script, closing):
        self.connection = connection
        self.exchange = exchange
        self.script = script
        self.closing = closing

    def play(self):
        """True if the connection can take another request."""
        try:
            self._send_head()
            for step in self.script.steps:
                if not self._step(step):
                    return False
            if self.script.framing == "chunked":
                self.connection.sendall(b"0\r\n\r\n")
        except (PeerClosed, OSError):
            self.exchange.peer_closed_at = time.monotonic()
            self.exchange.peer_closed.set()
            return False
        finally:
            if not self.exchange.peer_closed.is_set():
                self.exchange.answered.set()
        return self.script.framing in ("chunked", "whole")

    def _send_head(self):
        if self.script.framing == "raw":
            return
        lines = [f"HTTP/1.1 {self.script.status} Scripted"]
        lines += [f"{name}: {value}" for name, value in self.script.headers.items()]
        if self.script.framing == "chunked":
            lines.append("Transfer-Encoding: chunked")
        elif self.script.framing == "whole":
            lines.append(f"Content-Length: {len(self.script.body)}")
        else:
            lines.append("Connection: close")
        head = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
        self.connection.sendall(head + self.script.body)

    def _step(self, step):
        """False ends the script and the connection."""
        if isinstance(step, dict):
            self._send(event_bytes(step))
        elif isinstance(step, bytes):
            self._send(step)
        elif isinstance(step, Sleep):
            self._wait(None, step.seconds)
        elif isinstance(step, Gate):
            self._wait(step.fd, None)
        elif isinstance(step, Feed):
            return self._follow(step)
        elif isinstance(step, Endless):
            while True:
                self._send(step.data)
                self._wait(None, step.seconds)
        elif isinstance(step, Hang):
            self._wait(None, None)
            return False
        elif isinstance(step, Cut):
            return False
        elif isinstance(step, Reset):
            self.connection.setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return False
        else:
            raise TypeError(f"no such step: {step!r}")
        return True

    def _follow(self, feed):
        while True:
            self._wait(feed.fd, None)
            if select.select([feed.fd], [], [], 0)[0]:
                os.eventfd_read(feed.fd)
                step = feed.steps.get()
                if step is None:
                    return True
                if not self._step(step):
                    return False
            else:
                return False

    def _send(self, data):
        if not data:
            return  # an empty chunk would be the last one
        if self.script.framing == "chunked":
            data = b"%x\r\n%b\r\n" % (len(data), data)
        self.connection.sendall(data)

    def _wait(self, fd, seconds):
        """Returns when fd is readable, the time is over, or everything is being closed."""
        deadline = None if seconds is None else time.monotonic() + seconds
        watched = [self.connection, self.closing.fd] + ([] if fd is None else [fd])
        while True:
            left = None if deadline is None else max(0, deadline - time.monotonic())
            poller = select.poll()
            for one in watched:
                poller.register(one, select.POLLIN)
            ready = {number for number, _ in poller.poll(None if left is None else left * 1000)}
            if self.connection in watched and self.connection.fileno() in ready:
                if not self.connection.recv(1, socket.MSG_PEEK):
                    raise PeerClosed
                watched.remove(self.connection)  # a pipelined request
            if self.closing.fd in ready:
                raise PeerClosed
            if fd in ready or (deadline is not None and time.monotonic() >= deadline):
                return
