"""A strict reader of the event stream of a background response, and what it collects over cuts."""

import http.client
import json
import time

from harness import Reply, UnixConnection, strict_json, wait_until

TERMINAL_EVENTS = ("response.completed", "response.incomplete", "response.failed")
PIECE = 65536
PATIENCE = 20  # s without a byte


class StreamBroken(AssertionError):
    """The stream is not as it is to be, or ended where it may not."""


class Event:
    """As it came: its number, its type, its data, all of its text, and when it was whole."""

    def __init__(self, block):
        self.text = block
        self.came = time.monotonic()
        lines = block.decode("utf-8").split("\n")
        if len(lines) != 2 or not lines[0].startswith("event: ") or not (
                lines[1].startswith("data: ")):
            raise StreamBroken(f"not an event's two lines: {block[:300]!r}")
        self.type = lines[0].removeprefix("event: ")
        self.data = strict_json(lines[1].removeprefix("data: "))
        self.number = self.data.get("sequence_number")
        if self.data.get("type") != self.type:
            raise StreamBroken(f"the event {self.type} has the type {self.data.get('type')}")
        if type(self.number) is not int or self.number < 0:
            raise StreamBroken(f"no number: {block[:300]!r}")

    @property
    def is_terminal(self):
        return self.type in TERMINAL_EVENTS

    def object_text(self):
        """The bytes of the response in an event that has one, which is its last member."""
        return self.text[self.text.index(b'"response":') + len(b'"response":'):-1]

    def __repr__(self):
        return f"<{self.number} {self.type}>"


class Blocks:
    """Takes a stream apart at its blank lines, whatever pieces it comes in."""

    def __init__(self):
        self.rest = b""

    def take(self, data):
        *blocks, self.rest = (self.rest + data).split(b"\n\n")
        return blocks


class Follower:
    """
    One connection that follows a response. Give it either the body of the request that creates the
    response, or the response's id with the number of the last event that the client has.
    """

    def __init__(self, client, response_id=None, after=None, body=None, query=None, headers=None):
        if isinstance(client.address, tuple):
            self.connection = http.client.HTTPConnection(*client.address, timeout=PATIENCE)
        else:
            self.connection = UnixConnection(client.address, PATIENCE)
        headers = {"Authorization": f"Bearer {client.key}", **(headers or {})}
        try:
            if body is not None:
                self.connection.request(
                    "POST", f"{client.prefix}/responses", json.dumps(body),
                    {**headers, "Content-Type": "application/json"})
            else:
                self.connection.request(
                    "GET", follow_path(client, response_id, after, query), headers=headers)
            self.answer = self.connection.getresponse()
        except BaseException:
            self.connection.close()
            raise
        self.status = self.answer.status
        self.headers = self.answer.headers
        self.expected = 0 if after is None else after + 1
        self.blocks = Blocks()
        self.waiting = []  # events that have come and were not asked for yet
        self.events = []
        self.comments = []  # since the last event
        self.received = 0  # bytes
        self.ended = False  # as HTTP says that a body ends
        self.broken = None  # why it ended otherwise

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def close(self):
        self.answer.close()
        self.connection.close()

    cut = close

    def accepted(self):
        """Checks the head of a stream; returns the follower."""
        assert self.status == 200, self.reply()
        assert self.headers["content-type"] == "text/event-stream; charset=utf-8", self.headers
        assert "no-cache" in self.headers["cache-control"], self.headers
        assert self.headers["x-request-id"], self.headers
        return self

    def reply(self):
        """The whole of an answer that is no stream."""
        return Reply(self.status, self.headers, self.answer.read())

    def fill(self, most=PIECE):
        """Reads once, at most so many bytes; False at the end."""
        if self.ended or self.broken:
            return False
        try:
            data = self.answer.read1(most)
        except (http.client.IncompleteRead, ConnectionError) as error:
            self.broken = error
            return False
        if not data:
            self.ended = True
            if self.blocks.rest:
                raise StreamBroken(f"it ended within {self.blocks.rest[:300]!r}")
            return False
        self.received += len(data)
        for block in self.blocks.take(data):
            if block.startswith(b":"):
                if b"\n" in block:
                    raise StreamBroken(f"a comment is not alone: {block!r}")
                self.comments.append(block)
            else:
                self.arrive(Event(block))
        return True

    def arrive(self, event):
        if event.number != self.expected:
            raise StreamBroken(f"{event} comes where {self.expected} was to come")
        if self.waiting[-1:] and self.waiting[-1].is_terminal:
            raise StreamBroken(f"{event} comes after the end")
        self.expected += 1
        self.comments.clear()
        self.waiting.append(event)

    def next(self):
        """The next event, or None at the end."""
        while not self.waiting:
            if not self.fill():
                return None
        event = self.waiting.pop(0)
        self.events.append(event)
        return event

    def take(self, count):
        """The data of the next events, so many."""
        return data_of(event for event in (self.next() for _ in range(count)) if event)

    def next_comment(self):
        """Waits for a comment; no event may come before it."""
        while not self.comments:
            assert self.waiting == [] and self.fill(), "an event came, or the end"
        return self.comments.pop(0)

    def upto(self, wanted):
        """All events until the one for which wanted(event) holds, or which has that type."""
        found = []
        while True:
            event = self.next()
            if event is None:
                raise StreamBroken(f"it ended ({self.broken}) before {wanted}: {found[-3:]}")
            found.append(event)
            if event.type == wanted if isinstance(wanted, str) else wanted(event):
                return found

    def text_upto(self, text):
        """All events until the deltas among them add up to so much text."""
        grown = ""

        def is_whole(event):
            nonlocal grown
            if event.type == "response.output_text.delta":
                grown += event.data["delta"]
            return grown == text

        return self.upto(is_whole)

    def rest(self):
        """All events to the end, which must be one as HTTP says."""
        found = list(iter(self.next, None))
        if self.broken:
            raise StreamBroken(f"it broke off: {self.broken!r}")
        return found


def follow_path(client, response_id, after=None, query=None):
    if query is None:
        query = "stream=true" + ("" if after is None else f"&starting_after={after}")
    return f"{client.prefix}/responses/{response_id}?{query}"


def create_stream(client, model, input="Hello", **fields):
    """Creates a streamed response: its follower, that has the first event, and its id."""
    follower = Follower(client, body={
        "model": model, "input": input, "background": True, "stream": True, **fields})
    try:
        first = follower.accepted().next()
        assert (first.number, first.type) == (0, "response.created")
        return follower, first.data["response"]["id"]
    except BaseException:
        follower.close()
        raise


def created_stream(client, model, **fields):
    """The id of a new streamed background response whose client has left."""
    follower, response_id = create_stream(client, model, **fields)
    follower.close()
    return response_id


def follow(client, response_id, after=None, **options):
    return Follower(client, response_id, after, **options).accepted()


def events_after(client, response_id, after=None):
    """What a reader gets that follows to the end."""
    with follow(client, response_id, after) as follower:
        return follower.rest()


class Collection:
    """
    What one client has of a response, over any number of connections: the events from 0 on, each
    once. An event that comes again has to be the same to the byte.
    """

    def __init__(self, client, response_id=None):
        self.client = client
        self.id = response_id
        self.events = []
        self.connections = 0
        self.cuts = 0

    @property
    def last(self):
        """The number of the last event, or None."""
        return len(self.events) - 1 if self.events else None

    @property
    def is_whole(self):
        return bool(self.events) and self.events[-1].is_terminal

    def take(self, event):
        if self.is_whole and event.number >= len(self.events):
            raise StreamBroken(f"{event} comes after the end")
        if event.number < len(self.events):
            if event.text != self.events[event.number].text:
                raise StreamBroken(f"{event} has changed: {self.events[event.number].text!r} "
                                   f"was it, {event.text!r} is it now")
            return
        if event.number != len(self.events):
            raise StreamBroken(f"{event} comes after {len(self.events)} events")
        self.events.append(event)

    def take_waiting(self, follower):
        """What has come to it and was not asked for."""
        for event in follower.waiting:
            self.take(event)
        follower.waiting.clear()

    def create(self, body):
        """Creates the response, takes its first event; the follower goes on from there."""
        follower = Follower(self.client, body=body)
        self.connections += 1
        try:
            follower.accepted()
            event = follower.next()
            assert event.type == "response.created", event
            self.id = event.data["response"]["id"]
            self.take(event)
            return follower
        except BaseException:
            follower.close()
            raise

    def follow(self, back=0):
        """Opens a connection that goes on where this is; or begins so many events before that."""
        after = len(self.events) - 1 - back
        self.connections += 1
        return Follower(self.client, self.id, after if after >= 0 else None)

    def read(self, follower, most=None):
        """
        Takes what comes; cuts the connection behind so many bytes, else when it ends. What has
        come of an event that is not whole is lost.
        """
        try:
            self.take_waiting(follower)  # what came with its first event
            while most is None or follower.received < most:
                if not follower.fill(PIECE if most is None else most - follower.received):
                    return
                self.take_waiting(follower)
            self.cuts += 1
        finally:
            follower.close()

    def to_end(self, timeout=20):
        """Resumes until the terminal event is there."""
        def ended():
            follower = self.follow()
            if follower.status == 200:
                self.read(follower)
            else:
                follower.close()
                assert follower.status == 503, follower.status
            return self.is_whole

        wait_until(ended, timeout, f"the stream of {self.id} to end")
        return self

    def data(self):
        return [event.data for event in self.events]


def data_of(events):
    return [event.data for event in events]
