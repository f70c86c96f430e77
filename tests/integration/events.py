"""Streams as providers send them, and what they mean.

fold() is the oracle of these tests: the meaning of events on plain Python objects, written without
a look at how respool does it.
"""

import copy

PROVIDER_ID = "resp_68af1e0c9d1c81a2b3c4d5e6f7a8b9c0"


def usage(input_tokens=12, output_tokens=34):
    return {
        "input_tokens": input_tokens,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": output_tokens,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": input_tokens + output_tokens,
    }


def message_item(item_id="msg_1", status="in_progress", content=()):
    return {"id": item_id, "type": "message", "status": status, "role": "assistant",
            "content": list(content)}


def text_part(text="", annotations=()):
    return {"type": "output_text", "text": text, "annotations": list(annotations), "logprobs": []}


class Stream:
    """Collects the events of one stream and numbers them."""

    def __init__(self, model="provider-model", **fields):
        self.events = []
        self.response = {
            "id": PROVIDER_ID, "object": "response", "created_at": 1700000000,
            "status": "in_progress", "model": model, "output": [], **fields,
        }
        self.items = []  # in their last state, for the terminal event

    def add(self, event_type, **members):
        self.events.append(
            {"type": event_type, **members, "sequence_number": len(self.events)})
        return self

    def begin(self):
        self.add("response.created", response=copy.deepcopy(self.response))
        return self.add("response.in_progress", response=copy.deepcopy(self.response))

    def item_added(self, item, output_index=None):
        if output_index is None:
            output_index = len(self.items)
        self.items.append(copy.deepcopy(item))
        return self.add("response.output_item.added", output_index=output_index,
                        item=copy.deepcopy(item))

    def item_done(self, item, output_index=None):
        index = next(i for i, known in enumerate(self.items) if known["id"] == item["id"])
        self.items[index] = copy.deepcopy(item)
        return self.add("response.output_item.done",
                        output_index=index if output_index is None else output_index,
                        item=copy.deepcopy(item))

    def message(self, deltas, item_id="msg_1"):
        """A whole message of one part, its text in the given pieces."""
        at = {"item_id": item_id, "output_index": len(self.items), "content_index": 0}
        text = "".join(deltas)
        self.item_added(message_item(item_id))
        self.add("response.content_part.added", **at, part=text_part())
        for delta in deltas:
            self.add("response.output_text.delta", **at, delta=delta, logprobs=[])
        self.add("response.output_text.done", **at, text=text, logprobs=[])
        self.add("response.content_part.done", **at, part=text_part(text))
        return self.item_done(message_item(item_id, "completed", [text_part(text)]))

    def completed(self, **fields):
        return self.end("completed", usage=usage(), **fields)

    def end(self, status, **fields):
        body = {**self.response, "status": status, "output": copy.deepcopy(self.items), **fields}
        return self.add(f"response.{status}", response=body)


def message_stream(deltas, **fields):
    """The most common stream: one message, completed."""
    return Stream(**fields).begin().message(deltas).completed().events


def opening(item_id="msg_1", output_index=0):
    """The events before the first delta of a message."""
    stream = Stream().begin()
    at = {"item_id": item_id, "output_index": output_index, "content_index": 0}
    stream.item_added(message_item(item_id), output_index)
    return stream.add("response.content_part.added", **at, part=text_part()).events


def delta(text, item_id="msg_1", output_index=0, content_index=0):
    return {"type": "response.output_text.delta", "item_id": item_id,
            "output_index": output_index, "content_index": content_index, "delta": text}


def completed(output=(), **fields):
    return {"type": "response.completed", "response": {
        "id": PROVIDER_ID, "object": "response", "status": "completed", "output": list(output),
        "usage": usage(), **fields}}


# Growing fields: event name without its last part -> (where it grows, member, member of ".done").
GROWING = {
    "response.output_text": ("content", "text", "text"),
    "response.refusal": ("content", "refusal", "refusal"),
    "response.reasoning_text": ("content", "text", "text"),
    "response.reasoning_summary_text": ("summary", "text", "text"),
    "response.function_call_arguments": (None, "arguments", "arguments"),
    "response.custom_tool_call_input": (None, "input", "input"),
    "response.code_interpreter_call_code": (None, "code", "code"),
    "response.mcp_call_arguments": (None, "arguments", "arguments"),
}
PART_LISTS = {
    "response.content_part": ("content", "content_index"),
    "response.reasoning_summary_part": ("summary", "summary_index"),
}
# What a provider's response object does not decide about ours.
OURS = ("id", "object", "created_at", "completed_at", "status", "background", "output")


def _item(object, event):
    return next(item for item in object["output"] if item["id"] == event["item_id"])


def _put_item(output, item):
    for index, known in enumerate(output):
        if known["id"] == item["id"]:
            output[index] = item
            return
    output.append(item)


def _put_part(parts, index, part):
    if index < len(parts):
        parts[index] = part
    else:
        parts.append(part)


def _take_fields(object, response):
    for name, value in response.items():
        if name in object and name not in OURS and value is not None:
            object[name] = copy.deepcopy(value)


def _apply(object, event):
    event = copy.deepcopy(event)
    name, _, last = event["type"].rpartition(".")
    if event["type"] in ("response.created", "response.in_progress"):
        object["status"] = "in_progress"
        _take_fields(object, event.get("response", {}))
    elif name == "response.output_item":
        _put_item(object["output"], event["item"])
    elif name in PART_LISTS:
        member, index = PART_LISTS[name]
        parts = _item(object, event).setdefault(member, [])
        _put_part(parts, event.get(index, len(parts)), event["part"])
    elif event["type"] == "response.output_text.annotation.added":
        part = _item(object, event)["content"][event["content_index"]]
        part.setdefault("annotations", []).append(event["annotation"])
    elif name in GROWING:
        member, grows, done = GROWING[name]
        target = _item(object, event)
        if member:
            target = target[member][event[f"{member}_index"]]
        if last == "delta":
            target[grows] = target.get(grows, "") + event["delta"]
        else:
            target[grows] = event[done]
    elif name == "response" and last in ("completed", "failed", "incomplete", "cancelled"):
        response = event["response"]
        object["status"] = response.get("status") or last
        _take_fields(object, response)
        for item in response.get("output", []):
            _put_item(object["output"], item)


def fold(initial, events):
    """The object that initial has become after the events."""
    object = copy.deepcopy(initial)
    for event in events:
        _apply(object, event)
    return object
