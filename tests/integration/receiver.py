"""A receiver of webhooks on the loopback interface, which does what scripts say.

Scripts are those of upstream.py, and go by the path: script("/hook", failure(500), OK) fails the
first delivery to /hook and takes all that follow. What no script is for is taken.
"""

import contextlib
import socket
import time

import standard_webhooks
from harness import strict_json, wait_until
from tls import Http1OverTls
from upstream import Cut, Endless, Hang, Reset, Script, Sleep, Upstream

PATH = "/hook"


def answer(status, steps=(), headers=None):
    return Script(steps, status, {"Content-Type": "text/plain", **(headers or {})})


OK = answer(200, [b"thanks"])


def failure(status=500, **headers):
    """headers with _ in place of -: failure(503, Retry_After="7")."""
    return answer(status, [b"not now"],
                  {name.replace("_", "-"): str(value) for name, value in headers.items()})


def late(milliseconds, status=200):
    """An answer that begins so late, and ends the connection."""
    head = f"HTTP/1.1 {status} Late\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    return Script([Sleep(milliseconds), head.encode()], framing="raw")


def held(gate, status=200):
    """An answer that begins once a Gate is open."""
    head = f"HTTP/1.1 {status} Held\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    return Script([gate, head.encode(), Cut()], framing="raw")


def dripping(pieces, milliseconds, status=200):
    """Ends well, in so many pieces."""
    steps = [step for number in range(pieces) for step in (b"%d\n" % number, Sleep(milliseconds))]
    return answer(status, steps)


HANGS = Script([Hang()], framing="raw")
CLOSES = Script([Cut()], framing="raw")
RESETS = Script([Reset()], framing="raw")
ENDLESS = answer(200, [Endless(b"x" * 65536)])


class Delivery:
    """A try that has arrived."""

    def __init__(self, exchange, received_at):
        self.exchange = exchange
        self.received_at = received_at  # UNIX time
        self.method = exchange.method
        self.path = exchange.path
        self.headers = dict(exchange.headers)
        assert len(self.headers) == len(exchange.headers), exchange.headers
        self.body = exchange.body

    @property
    def id(self):
        return self.headers["webhook-id"]

    @property
    def timestamp(self):
        return int(self.headers["webhook-timestamp"])

    @property
    def signatures(self):
        return self.headers["webhook-signature"].split(" ")

    @property
    def event(self):
        return strict_json(self.body)

    @property
    def response(self):
        """The id of the response whose end it tells."""
        return self.event["data"]["id"]

    def verify(self, secret):
        """The event; raises Refused unless one who has the secret sent it just before."""
        standard_webhooks.verify(secret, self.headers, self.body, self.received_at)
        return self.event


class Receiver(Upstream):
    """tls_directory, for https, gets a certificate that is its own authority."""

    def __init__(self, tls_directory=None):
        self.arrived = []  # in the order of arrival
        self.refusals = 0
        self.chooser = None
        super().__init__()
        self.tls = Http1OverTls(tls_directory, self.port) if tls_directory else None

    def url(self, path=PATH, host="127.0.0.1"):
        if self.tls:
            return f"https://{host}:{self.tls.listener.getsockname()[1]}{path}"
        return f"http://{host}:{self.port}{path}"

    def endpoint(self, name, secret, path=None, **options):
        """Of the configuration: respool.webhooks has a list of them."""
        url = self.url(f"/{name}" if path is None else path)
        return {"name": name, "url": url, "secret": secret, **options}

    def choose(self, chooser):
        """chooser(delivery) gives the script for each, or None: then it goes by the path."""
        self.chooser = chooser

    def refuse(self, count):
        """Closes those that are open, and so many of the next before anything is read."""
        with self.lock:
            self.refusals = count
            connections = [connection for connection, _ in self.connections.values()]
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def deliveries(self, path=None, response=None):
        """The tries that have arrived, to that path and about that response."""
        with self.lock:
            found = list(self.arrived)
        return [one for one in found if path in (None, one.path)
                and response in (None, one.response)]

    def await_deliveries(self, count, path=None, response=None, timeout=10):
        """Waits until there are so many, and returns them."""
        wait_until(lambda: len(self.deliveries(path, response)) >= count, timeout,
                   f"{count} deliveries to {path or 'any path'}")
        return self.deliveries(path, response)

    def await_delivery(self, path=None, response=None, timeout=10):
        return self.await_deliveries(1, path, response, timeout)[0]

    def close(self):
        if self.tls:
            self.tls.close()
        super().close()

    def _serve(self, connection, number):
        with self.lock:
            refused = self.refusals > 0
            self.refusals -= refused
        if refused:
            connection.close()
            with self.lock:
                self.connections.pop(number, None)
        else:
            super()._serve(connection, number)

    def _script_for(self, exchange):
        delivery = Delivery(exchange, time.time())
        scripted = super()._script_for(exchange)
        with self.lock:
            self.arrived.append(delivery)
        chosen = self.chooser(delivery) if self.chooser else None
        if chosen:
            return chosen
        return scripted if exchange.path.partition("?")[0] in self.scripts else OK
