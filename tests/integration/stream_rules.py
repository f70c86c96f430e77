"""Which event streams of the Responses API are valid ones, and the object that they add up to.

The rules are those by which OpenAI's SDKs for node and Python throw when they accumulate a stream,
and those that make stream and object two forms of the same thing. An event is a dict, as its data
line says.
"""

import copy

from harness import strict_json

TERMINAL = ("response.completed", "response.incomplete", "response.failed")
BEGINNING = ("response.created", "response.queued", "response.in_progress")

_TYPES = """
    audio.delta audio.done audio.transcript.delta audio.transcript.done
    code_interpreter_call.completed code_interpreter_call.in_progress
    code_interpreter_call.interpreting code_interpreter_call_code.delta
    code_interpreter_call_code.done completed content_part.added content_part.done created
    custom_tool_call_input.delta custom_tool_call_input.done failed file_search_call.completed
    file_search_call.in_progress file_search_call.searching function_call_arguments.delta
    function_call_arguments.done image_generation_call.completed image_generation_call.generating
    image_generation_call.in_progress image_generation_call.partial_image in_progress incomplete
    mcp_call.completed mcp_call.failed mcp_call.in_progress mcp_call_arguments.delta
    mcp_call_arguments.done mcp_list_tools.completed mcp_list_tools.failed
    mcp_list_tools.in_progress output_item.added output_item.done output_text.annotation.added
    output_text.delta output_text.done queued reasoning_summary_part.added
    reasoning_summary_part.done reasoning_summary_text.delta reasoning_summary_text.done
    reasoning_text.delta reasoning_text.done refusal.delta refusal.done web_search_call.completed
    web_search_call.in_progress web_search_call.searching"""
KNOWN_TYPES = {f"response.{name}" for name in _TYPES.split()}

# What grows: event name without its last part -> (the item's type, list of parts or None, the
# part's type, the member that grows; ".done" calls it the same).
GROWING = {
    "response.output_text": ("message", "content", "output_text", "text"),
    "response.refusal": ("message", "content", "refusal", "refusal"),
    "response.reasoning_text": ("reasoning", "content", "reasoning_text", "text"),
    "response.reasoning_summary_text": ("reasoning", "summary", "summary_text", "text"),
    "response.function_call_arguments": ("function_call", None, None, "arguments"),
    "response.custom_tool_call_input": ("custom_tool_call", None, None, "input"),
}
PARTS = {
    "response.content_part": ("content", "content_index"),
    "response.reasoning_summary_part": ("summary", "summary_index"),
}
PART_TYPES = {
    ("message", "content"): ("output_text", "refusal"),
    ("reasoning", "content"): ("reasoning_text",),
    ("reasoning", "summary"): ("summary_text",),
}
CALLS = ("function_call", "custom_tool_call")
ANNOTATION = "response.output_text.annotation.added"


class _Broken(Exception):
    """An event that cannot be taken further."""


class _Item:
    def __init__(self, item):
        self.announced = item
        self.now = copy.deepcopy(item)
        self.done = False
        self.ended = set()  # of what has grown: (list or None, index)
        self.parts_done = set()

    @property
    def type(self):
        return self.now.get("type")


class _Check:
    def __init__(self, restarted=False):
        self.restarted = restarted
        self.problems = []
        self.items = []
        self.response = None
        self.terminal = None
        self.ids = set()
        self.call_ids = set()

    def say(self, number, rule, text):
        self.problems.append(f"event {number}: {rule}: {text}")

    # Of the stream as a whole.

    def take(self, number, event):
        kind = event.get("type")
        if number == 0 and kind != "response.created":
            self.say(number, "first", f"{kind} comes first, not response.created")
        if event.get("sequence_number") != number:
            self.say(number, "sequence", f"has the number {event.get('sequence_number')!r}")
        if event.get("error"):
            self.say(number, "error-member", "has an error at its top: the SDKs throw it")
        if self.terminal is not None:
            self.say(number, "terminal-last", f"{kind} comes after the end")
        if kind not in KNOWN_TYPES:
            self.say(number, "known-type", f"no SDK knows {kind}")
            return
        try:
            self.apply(number, event)
        except _Broken as broken:
            self.say(number, *broken.args)
        except (KeyError, TypeError, AttributeError, IndexError) as error:
            self.say(number, "members", f"{kind} lacks something: {error!r}")

    def end(self, count):
        if self.terminal is None:
            self.say(count, "terminal", "the stream has no terminal event")
        for index, item in enumerate(self.items):
            if not item.done:
                self.say(count, "all-done", f"item {index} never ended")

    def apply(self, number, event):
        kind = event["type"]
        name, _, last = kind.rpartition(".")
        if kind in BEGINNING or kind in TERMINAL:
            self.lifecycle(number, event)
        elif kind == "response.output_item.added":
            self.item_added(event)
        elif kind == "response.output_item.done":
            self.item_done(number, event)
        elif name in PARTS:
            self.part(number, event, name, last)
        elif kind == ANNOTATION:
            self.annotation(event)
        elif name in GROWING:
            self.growth(event, name, last)
        else:
            self.item_of(event)

    # Events that carry the whole object.

    def lifecycle(self, number, event):
        kind, response = event["type"], event["response"]
        if self.response is not None:
            if kind == "response.created":
                self.say(number, "created-once", "a second response.created")
            if response["id"] != self.response["id"]:
                self.say(number, "one-id", "the response has another id")
        self.response = response
        if response.get("object") != "response":
            self.say(number, "members", "its object is none")
        self.usage(number, response)
        if kind in TERMINAL:
            self.ending(number, kind, response)
            return
        if response["status"] != ("queued" if kind == "response.queued" else "in_progress") and (
                response["status"] != "queued"):
            self.say(number, "status", f"{kind} says {response['status']}")
        if response["output"] != [item.now for item in self.items]:
            self.say(number, "replaces", "its output takes the place of another one so far")
        if response["usage"] is not None or response.get("error") is not None:
            self.say(number, "status", "has usage or an error before the end")

    def ending(self, number, kind, response):
        self.terminal = event_status = kind.rpartition(".")[2]
        if response["status"] not in ((event_status, "cancelled") if event_status == "failed"
                                      else (event_status,)):
            self.say(number, "status", f"{kind} says {response['status']}")
        if response["status"] == "cancelled":
            self.cut_short()
        if self.restarted:
            self.forget(len(self.items) - len(response["output"]))
        if response["output"] != [item.now for item in self.items]:
            self.say(number, "adds-up", "its output is not what the events added up to")
        details, error = response["incomplete_details"], response["error"]
        if (details is not None) != (event_status == "incomplete") or (
                details is not None
                and details["reason"] not in ("max_output_tokens", "content_filter")):
            self.say(number, "status", f"incomplete_details is {details}")
        if (error is not None) != (response["status"] == "failed") or (
                error is not None and not (error["code"] and error["message"])):
            self.say(number, "status", f"error is {error}")
        if (response["completed_at"] is not None) != (event_status == "completed"):
            self.say(number, "status", f"completed_at is {response['completed_at']}")

    def cut_short(self):
        """Nobody was left to end the items: the object says that they are incomplete."""
        for item in self.items:
            if not item.done and item.now.get("status") == "in_progress":
                item.now["status"] = "incomplete"
            item.done = True

    def forget(self, count):
        """The first items are of attempts that were given up: they have ended, that is all."""
        if any(not item.done for item in self.items[:count]):
            self.say(count, "all-done", "an item of an earlier attempt never ended")
        del self.items[:max(count, 0)]

    def usage(self, number, response):
        usage = response["usage"]
        if usage is None:
            return
        counts = [usage["input_tokens"], usage["input_tokens_details"]["cached_tokens"],
                  usage["output_tokens"], usage["output_tokens_details"]["reasoning_tokens"],
                  usage["total_tokens"]]
        if any(type(count) is not int or count < 0 for count in counts):
            self.say(number, "usage", f"a count is no number of tokens: {usage}")

    # Items.

    def item_added(self, event):
        item, index = event["item"], event["output_index"]
        if index != len(self.items):
            raise _Broken("dense", f"output_index {index} after {len(self.items)} items")
        item_id = item.get("id")
        if item_id is None and item["type"] not in CALLS or item_id == "":
            raise _Broken("item-id", "an item without an id")
        self.items.append(_Item(item))
        if item_id in self.ids:
            raise _Broken("item-id", f"the id {item_id} was used before")
        self.ids.add(item_id)
        if item["type"] in CALLS:
            call_id = item.get("call_id")
            if not call_id or call_id in self.call_ids:
                raise _Broken("call-id", f"the call_id {call_id!r} is empty or was used before")
            self.call_ids.add(call_id)
            if not item.get("name"):
                raise _Broken("call-name", "a call without a name")
        for member in ("content", "summary"):
            if item.get(member):
                raise _Broken("added-empty", f"its {member} is there before it has come")

    def item_of(self, event):
        """The item that an event is about."""
        index = event["output_index"]
        if not isinstance(index, int) or not 0 <= index < len(self.items):
            raise _Broken("item-there", f"no item at {index}")
        item = self.items[index]
        if item.now.get("id") is not None and event.get("item_id") != item.now["id"]:
            raise _Broken("item-id-fits", f"item_id {event.get('item_id')!r} at {index}")
        if item.done:
            raise _Broken("after-done", f"{event['type']} when item {index} was done")
        return item

    def item_done(self, number, event):
        done = event["item"]
        item = self.item_of({**event, "item_id": done.get("id")})
        for member in ("type", "id", "call_id", "name"):
            if done.get(member) != item.announced.get(member):
                self.say(number, "done-fits", f"its {member} was {item.announced.get(member)}")
        for member in ("content", "summary"):
            if (done.get(member) or []) != (item.now.get(member) or []):
                self.say(number, "done-agrees", f"its {member} is not what has come")
            for index in range(len(item.now.get(member) or [])):
                if (member, index) not in item.parts_done:
                    self.say(number, "part-done", f"{member} {index} never ended")
        for name, (kind, where, _, grows) in GROWING.items():
            if where is None and kind == item.type:
                if done[grows] != item.now[grows]:
                    self.say(number, "done-agrees", f"its {grows} are not what has come")
                if (None, 0) not in item.ended:
                    self.say(number, "value-done", f"no {name}.done")
        if item.type in (*CALLS, "message") and done["status"] not in ("completed", "incomplete"):
            self.say(number, "done-status", f"its status is {done['status']}")
        item.now = copy.deepcopy(done)
        item.done = True

    # Parts and what grows.

    def part(self, number, event, name, last):
        member, index_name = PARTS[name]
        item, index, part = self.item_of(event), event[index_name], event["part"]
        if part["type"] not in PART_TYPES.get((item.type, member), ()):
            raise _Broken("part-type", f"a part {part['type']} in {member} of a {item.type}")
        parts = item.now.setdefault(member, [])
        if last == "added":
            if index != len(parts):
                raise _Broken("part-next", f"{index_name} {index} after {len(parts)} parts")
            if part.get("text") or part.get("refusal") or part.get("annotations"):
                self.say(number, "added-empty", "the part has something before it has come")
            parts.append(copy.deepcopy(part))
            return
        if index >= len(parts):
            raise _Broken("part-there", f"no part at {index_name} {index}")
        if part != parts[index]:
            self.say(number, "done-agrees", f"the part is not what has come: {parts[index]}")
        if (member, index) not in item.ended:
            self.say(number, "value-done", "the part ends before its text has")
        if (member, index) in item.parts_done:
            self.say(number, "after-done", "the part was done")
        item.parts_done.add((member, index))

    def growth(self, event, name, last):
        kind, member, part_type, grows = GROWING[name]
        item = self.item_of(event)
        if item.type != kind:
            raise _Broken("event-fits", f"{event['type']} for a {item.type}")
        target, place = item.now, (None, 0)
        if member is not None:
            index = event[f"{member}_index"]
            parts = item.now.get(member) or []
            if index >= len(parts) or parts[index]["type"] != part_type:
                raise _Broken("part-there", f"{event['type']} without its part {index}")
            target, place = parts[index], (member, index)
        if place in item.ended:
            raise _Broken("after-done", f"{event['type']} when that was done")
        if last == "delta":
            if not isinstance(event["delta"], str) or event["delta"] == "":
                raise _Broken("delta", f"the delta is {event['delta']!r}")
            target[grows] += event["delta"]
            if event.get("logprobs"):
                target.setdefault("logprobs", []).extend(copy.deepcopy(event["logprobs"]))
            if name == "response.output_text" and not isinstance(event.get("logprobs"), list):
                raise _Broken("members", "output_text.delta without logprobs")
            return
        item.ended.add(place)
        if name == "response.function_call_arguments" and not target[grows]:
            target[grows] = event[grows]  # {} stands for no arguments at all
        if event[grows] != target[grows]:
            raise _Broken("done-agrees", f"{event['type']} says {event[grows]!r}, but what came "
                          f"was {target[grows]!r}")
        if name == "response.function_call_arguments" and event.get("name") != item.now["name"]:
            raise _Broken("done-agrees", f"the name is {event.get('name')!r}")
        if name == "response.output_text" and event.get("logprobs") != target["logprobs"]:
            raise _Broken("done-agrees", "the logprobs are not what has come")

    def annotation(self, event):
        item = self.item_of(event)
        part = (item.now.get("content") or [])[event["content_index"]]
        if part["type"] != "output_text":
            raise _Broken("part-there", "an annotation without a text")
        if event["annotation_index"] != len(part["annotations"]):
            raise _Broken("annotation-next", f"annotation_index {event['annotation_index']}")
        part["annotations"].append(copy.deepcopy(event["annotation"]))


def events_of(body):
    """The events of a stream's body; each has its own name in its event line."""
    events = []
    for block in body.decode().split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.split("\n")
                     if line and not line.startswith(":"))
        if lines.get("data", "[DONE]") == "[DONE]":
            continue
        event = strict_json(lines["data"])
        assert lines.get("event", event["type"]) == event["type"], block
        events.append(event)
    return events


def problems(events, restarted=False):
    """
    What is wrong with the events of one stream, a line each, with the rule's name. In one that was
    restarted the output is that of the last attempt, and its items are the last ones.
    """
    check = _Check(restarted)
    for number, event in enumerate(events):
        check.take(number, event)
    check.end(len(events))
    return check.problems


def accumulate(events, restarted=False):
    """
    The object that the events add up to, of a stream or of its beginning. All of the output is
    from the events of its items; the rest of the object is what the last event with an object says.
    """
    check = _Check(restarted)
    for number, event in enumerate(events):
        check.take(number, event)
    return {**copy.deepcopy(check.response), "output": [item.now for item in check.items]}
