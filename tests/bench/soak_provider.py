"""The provider and the receiver of a soak, which keep nothing of what is over.

What a model has to say is in its plan, that the client makes who asks for it, and takes away.
"""

import json
import threading
import time

from events import message_stream
from receiver import OK, Delivery, Receiver, failure
from upstream import Cut, Hang, Script, Sleep, event_bytes, json_error

USAGE = {"prompt_tokens": 12, "completion_tokens": 34, "total_tokens": 46}
REFUSAL = {"error": {"message": "This is refused.", "type": "invalid_request_error",
                     "param": None, "code": "soak_refused"}}
BUSY = {"error": {"message": "Later.", "type": "server_error", "param": None, "code": "later"}}
REMEMBERED = 600  # s that an end that was told is known


class Plan:
    """
    What is said, in pieces with a pause (ms) behind each, and how the first requests fail: by a
    status, "cut" or "hang", in this order. refused: all of them do, for good.
    """

    def __init__(self, number, chance, failures=(), refused=False):
        self.number = number
        self.failures = list(failures)
        self.refused = refused
        is_long = chance.random() < 0.02
        count = 1500 if is_long else chance.randint(5, 40)
        self.deltas = [f"{number}-{turn} \"é\\\" {chance.getrandbits(64):x}\n"
                       for turn in range(count)]
        self.pauses = [0 if is_long else chance.randint(0, 150) for _ in self.deltas]
        self.text = "".join(self.deltas)
        self.expects = None  # what the request has to have of what was said before
        self.requests = 0

    @property
    def breaks(self):
        """Whether an answer breaks off that had begun."""
        return "cut" in self.failures or "hang" in self.failures

    def events(self):
        return message_stream(self.deltas, id=f"resp_{self.number}")

    def body(self):
        """The answer to a request of the Responses API that is not streamed, to the byte."""
        return json.dumps(self.events()[-1]["response"]).encode()

    def stream(self):
        """The answer to one that is streamed."""
        return b"".join(map(event_bytes, self.events()))

    def script(self, dialect, is_streamed):
        number = self.requests
        self.requests += 1
        if self.refused:
            return json_error(400, REFUSAL)
        failure_now = self.failures[number] if number < len(self.failures) else None
        if isinstance(failure_now, int):
            return json_error(failure_now, BUSY, {"Retry-After": "1"})
        if dialect == "responses" and not is_streamed:
            return self.whole(failure_now)
        steps = STEPS[dialect](self)
        if failure_now:
            steps = [*steps[:len(steps) // 2], Cut() if failure_now == "cut" else Hang()]
        return Script(steps)

    def whole(self, failure_now):
        body = self.body()
        if failure_now:
            steps = [body[:len(body) // 2], Cut() if failure_now == "cut" else Hang()]
        else:
            steps = [Sleep(sum(self.pauses) // 4), body]
        return Script(steps, headers={"Content-Type": "application/json"})


def _responses(plan):
    pauses = iter(plan.pauses)
    for event in plan.events():
        yield event
        if event["type"] == "response.output_text.delta":
            yield from _pause(next(pauses))


def _pause(milliseconds):
    return [Sleep(milliseconds)] if milliseconds else []


def _chunk(choices, **members):
    return b"data: " + json.dumps({
        "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1700000000,
        "model": "provider-model", "choices": choices, **members}).encode() + b"\n\n"


def _choice(finish=None, **delta):
    return [{"index": 0, "delta": delta, "finish_reason": finish}]


def _chat(plan):
    yield _chunk(_choice(role="assistant", content=""))
    for delta, pause in zip(plan.deltas, plan.pauses):
        yield _chunk(_choice(content=delta))
        yield from _pause(pause)
    yield _chunk(_choice("stop"))
    yield _chunk([], usage=USAGE) + b"data: [DONE]\n\n"


def _messages(plan):
    yield {"type": "message_start", "message": {
        "model": "provider-model", "id": "msg_01", "type": "message", "role": "assistant",
        "content": [], "stop_reason": None, "stop_sequence": None,
        "usage": {"input_tokens": 12, "output_tokens": 1}}}
    yield {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
    for delta, pause in zip(plan.deltas, plan.pauses):
        yield {"type": "content_block_delta", "index": 0,
               "delta": {"type": "text_delta", "text": delta}}
        yield from _pause(pause)
    yield {"type": "content_block_stop", "index": 0}
    yield {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None},
           "usage": {"output_tokens": 34}}
    yield {"type": "message_stop"}


STEPS = {"responses": lambda plan: list(_responses(plan)), "chat": lambda plan: list(_chat(plan)),
         "messages": lambda plan: list(_messages(plan))}
DIALECTS = {"/v1/responses": "responses", "/v1/chat/completions": "chat",
            "/v1/messages": "messages"}


class Plans:
    """Answers in the place of an upstream's scripts."""

    def __init__(self, upstream, wrong):
        self.wrong = wrong
        self.plans = {}
        self.requests = 0
        self.lock = threading.Lock()
        upstream._script_for = self.script_for

    def add(self, plan):
        self.plans[f"soak-{plan.number}"] = plan

    def remove(self, plan):
        self.plans.pop(f"soak-{plan.number}", None)

    def script_for(self, exchange):
        with self.lock:
            self.requests += 1
        body = exchange.json()
        plan = self.plans.get(body["model"])
        if plan is None:  # its client has deleted or cancelled it
            return json_error(400, REFUSAL)
        if plan.expects and plan.expects not in json.dumps(body, ensure_ascii=False):
            self.wrong(f"{body['model']} is asked without what was said before: {body}")
        return plan.script(DIALECTS[exchange.path.partition("?")[0]], body.get("stream", False))


class Ledger(Receiver):
    """
    A receiver that checks each try and fails some of the first ones. It compares the ends that it
    was told of with those that clients expect.
    """

    def __init__(self, secret, chance, wrong):
        self.secret = secret
        self.random = chance
        self.wrong = wrong
        self.told = {}  # response: (event's type, when)
        self.expected = {}  # response: (event's type, when it had ended)
        self.failed = {}  # delivery: when
        self.taken = self.tries = self.told_again = 0
        super().__init__()

    def expect(self, response, kind):
        with self.lock:
            self.expected[response] = (kind, time.monotonic())
            self._settle(response)

    def forget(self, response):
        with self.lock:
            self.expected.pop(response, None)

    def _settle(self, response):
        """Under the lock."""
        if response in self.expected and response in self.told:
            expected, told = self.expected.pop(response)[0], self.told[response][0]
            if expected != told:
                self.wrong(f"{response} is told as {told}, and ended as {expected}")

    def _script_for(self, exchange):
        delivery = Delivery(exchange, time.time())
        try:
            event = delivery.verify(self.secret)
        except Exception as error:
            self.wrong(f"a webhook that no receiver takes: {error!r}: {delivery.body!r}")
            return OK
        with self.lock:
            return self._answer(delivery, event)

    def _answer(self, delivery, event):
        self.tries += 1
        now = time.monotonic()
        if delivery.id not in self.failed and delivery.response not in self.told and \
                self.random.random() < 0.1:
            self.failed[delivery.id] = now
            return failure(500)
        self._take(delivery.response, event["type"], now)
        for known in (self.told, self.failed):  # the oldest stand first
            while known and now - self._when(next(iter(known.values()))) > REMEMBERED:
                known.pop(next(iter(known)))
        return OK

    def _take(self, response, kind, now):
        if response in self.told:
            self.told_again += 1
            if self.told[response][0] != kind:
                self.wrong(f"{response} has two ends: {self.told[response][0]}, {kind}")
        else:
            self.taken += 1
            self.told[response] = (kind, now)
        self._settle(response)

    @staticmethod
    def _when(value):
        return value[1] if isinstance(value, tuple) else value

    def overdue(self):
        with self.lock:
            return dict(self.expected)


