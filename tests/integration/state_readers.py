"""The event log of a streamed response and its readers, as the state machine's test plays them.

Readers are played as relays are to read: what is published brings them forward as far as it fits to
what they have; they read the log when they begin, when something is missing between the two, and
when they are told that the response has ended.
"""

import re

CHANNEL = b"litellm:polling:events:{litellm:polling:response:"
MESSAGE = re.compile(rb"(?:(\d+) (\d+)( ended)?|(gone))\n")


def event_text(number, writer, text):
    """Says its own number and by whose claim it was told."""
    return f"event: {number}\ndata: {writer} {text}\n\n".encode()


def number_of(event):
    return int(event[len(b"event: "):event.index(b"\n")])


def writer_of(event):
    """The name of the worker and its fence."""
    name, fence = event[event.index(b"data: ") + len(b"data: "):].split(b" ")[:2]
    return name.decode(), int(fence)


def split_events(text):
    return [part + b"\n\n" for part in text.split(b"\n\n")[:-1]]


class Message:
    def __init__(self, payload):
        head = MESSAGE.match(payload)
        if not head:
            raise ValueError(f"a message that nobody can read: {payload!r}")
        self.first, self.count = int(head[1] or 0), int(head[2] or 0)
        self.ended, self.gone = head[3] is not None, head[4] is not None
        self.events = split_events(payload[head.end():])

    def __repr__(self):
        return f"{self.first} {self.count} ended={self.ended} gone={self.gone}"


class Reader:
    """A client's connection to a relay, and what the client has kept over the earlier ones."""

    def __init__(self, response_id):
        self.id = response_id
        self.events = []  # from 0 on, each as it came
        self.final = None  # the object of the terminal event
        self.gone = False
        self.connected = True
        self.to_look = True  # the log has to be read

    @property
    def is_over(self):
        return self.final is not None or self.gone

    def cut(self, keep):
        """The connection breaks, and what was on its way is lost."""
        self.connected = False
        self.events = self.events[:keep]
        self.final = None

    def resume(self):
        self.connected = self.to_look = True

    def hear(self, message):
        """What was published a moment ago; returns what the reader has got by it."""
        if not self.connected or self.is_over:
            return []
        if message.gone or message.ended or len(message.events) != message.count:
            self.to_look = True
        if message.first > len(self.events):
            self.to_look = True
            return []
        new = message.events[len(self.events) - message.first:]
        self.events += new
        return new

    def take(self, first, page, final, stored):
        """What was read from the log."""
        self.events += page
        self.final = final
        self.to_look = final is None and first + len(page) < stored
