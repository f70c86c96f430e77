"""One answer, as a provider gives it in each of the three APIs."""

import json

from events import Stream, message_item, text_part
from upstream import Hang, Script, event_bytes, json_error

DIALECTS = ("responses", "chat", "messages")
USAGE = {"input_tokens": 12, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": 34,
         "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 46}
MESSAGE = "It went wrong."


class Answer:
    """
    pieces are ("reasoning", text), ("text", text), ("call", call_id, name, arguments) and
    ("refusal", text), in this order. end is "stop"; "length"; "refusal"; "error", that comes in the
    place of the end; or "never".
    """

    def __init__(self, *pieces, end="stop"):
        self.pieces = pieces
        self.end = end

    def streamed(self, dialect):
        return Script(STREAMED[dialect](self))

    def whole(self, dialect):
        """To a request that is not streamed. Those that are translated always are."""
        if dialect == "responses":
            return json_error(200, events_of(self)[-1]["response"])
        return self.streamed(dialect)


class Failure:
    """The provider has no answer: it is asked too often."""

    def streamed(self, dialect):
        error = {"message": MESSAGE, "type": "rate_limit_error"}
        if dialect == "messages":
            return json_error(429, {"type": "error", "error": error, "request_id": "req_1"})
        return json_error(429, {"error": {**error, "param": None, "code": "rate_limit_error"}})

    whole = streamed


def halves(text):
    return [text[:len(text) // 2], text[len(text) // 2:]]


def _reasoning(stream, text):
    item = {"id": "rs_1", "type": "reasoning", "summary": []}
    at = {"item_id": "rs_1", "output_index": len(stream.items), "summary_index": 0}
    part = {"type": "summary_text", "text": text}
    stream.item_added(item)
    stream.add("response.reasoning_summary_part.added", **at, part={**part, "text": ""})
    for half in halves(text):
        stream.add("response.reasoning_summary_text.delta", **at, delta=half)
    stream.add("response.reasoning_summary_text.done", **at, text=text)
    stream.add("response.reasoning_summary_part.done", **at, part=part)
    stream.item_done({**item, "summary": [part]})


def _text(stream, text, end):
    if end in ("stop", "refusal"):
        stream.message(halves(text))
        return
    at = {"item_id": "msg_1", "output_index": len(stream.items), "content_index": 0}
    stream.item_added(message_item())
    stream.add("response.content_part.added", **at, part=text_part())
    for half in halves(text):
        stream.add("response.output_text.delta", **at, delta=half, logprobs=[])
    if end == "length":
        stream.add("response.output_text.done", **at, text=text, logprobs=[])
        stream.add("response.content_part.done", **at, part=text_part(text))
        stream.item_done(message_item("msg_1", "incomplete", [text_part(text)]))
    else:
        stream.items[-1] = message_item("msg_1", "incomplete", [text_part(text)])


def _call(stream, call_id, name, arguments):
    item = {"id": f"fc_{call_id}", "type": "function_call", "status": "in_progress",
            "call_id": call_id, "name": name, "arguments": ""}
    at = {"item_id": item["id"], "output_index": len(stream.items)}
    stream.item_added(item)
    for half in halves(arguments):
        stream.add("response.function_call_arguments.delta", **at, delta=half)
    stream.add("response.function_call_arguments.done", **at, arguments=arguments, name=name)
    stream.item_done({**item, "status": "completed", "arguments": arguments})


def _refusal(stream, text):
    item, part = message_item(), {"type": "refusal", "refusal": text}
    at = {"item_id": "msg_1", "output_index": len(stream.items), "content_index": 0}
    stream.item_added(item)
    stream.add("response.content_part.added", **at, part={**part, "refusal": ""})
    for half in halves(text):
        stream.add("response.refusal.delta", **at, delta=half)
    stream.add("response.refusal.done", **at, refusal=text)
    stream.add("response.content_part.done", **at, part=part)
    stream.item_done(message_item("msg_1", "completed", [part]))


def events_of(answer):
    """The events of the Responses API."""
    stream = Stream("upstream-model", error=None, incomplete_details=None, usage=None, tools=[],
                    metadata={}, tool_choice="auto", parallel_tool_calls=True, instructions=None,
                    temperature=1.0, top_p=1.0).begin()
    for kind, *values in answer.pieces:
        if kind == "reasoning":
            _reasoning(stream, *values)
        elif kind == "text":
            _text(stream, *values, answer.end)
        elif kind == "call":
            _call(stream, *values)
        else:
            _refusal(stream, *values)
    if answer.end == "length":
        stream.end("incomplete", usage=USAGE, incomplete_details={"reason": "max_output_tokens"})
    elif answer.end == "error":
        stream.end("failed", error={"code": "server_error", "message": MESSAGE})
    elif answer.end != "never":
        stream.end("completed", usage=USAGE)
    return stream.events


def _responses(answer):
    return [*events_of(answer), *([Hang()] if answer.end == "never" else [])]


def _chunk(choices, **members):
    data = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1700000000,
            "model": "upstream-model", "choices": choices, **members}
    return b"data: " + json.dumps(data).encode() + b"\n\n"


def _delta(finish=None, **delta):
    return _chunk([{"index": 0, "delta": delta, "finish_reason": finish}])


def _deltas(kind, values, index):
    if kind == "call":
        call_id, name, arguments = values
        yield {"tool_calls": [{"index": index, "id": call_id, "type": "function",
                               "function": {"name": name, "arguments": ""}}]}
        for half in halves(arguments):
            yield {"tool_calls": [{"index": index, "function": {"arguments": half}}]}
        return
    member = {"reasoning": "reasoning_content", "text": "content", "refusal": "refusal"}[kind]
    for half in halves(*values):
        yield {member: half}


def _chat(answer):
    steps, calls = [_delta(role="assistant", content="")], 0
    for kind, *values in answer.pieces:
        steps += [_delta(**delta) for delta in _deltas(kind, values, calls)]
        calls += kind == "call"
    if answer.end == "never":
        return [*steps, Hang()]
    if answer.end == "error":
        error = {"error": {"message": MESSAGE, "type": "server_error", "code": "server_error"}}
        return [*steps, b"data: " + json.dumps(error).encode() + b"\n\n"]
    finish = "length" if answer.end == "length" else "tool_calls" if calls else "stop"
    return [*steps, _delta(finish),
            _chunk([], usage={"prompt_tokens": 12, "completion_tokens": 34, "total_tokens": 46}),
            b"data: [DONE]\n\n"]


def _block(kind, values):
    """What begins it, and its deltas."""
    if kind == "reasoning":
        return {"type": "thinking", "thinking": "", "signature": ""}, [
            *({"type": "thinking_delta", "thinking": half} for half in halves(*values)),
            {"type": "signature_delta", "signature": "c2ln"}]
    if kind == "text":
        return {"type": "text", "text": ""}, [
            {"type": "text_delta", "text": half} for half in halves(*values)]
    call_id, name, arguments = values
    return {"type": "tool_use", "id": call_id, "name": name, "input": {}}, [
        {"type": "input_json_delta", "partial_json": half} for half in halves(arguments)]


def _messages(answer):
    steps = [{"type": "message_start", "message": {
        "model": "upstream-model", "id": "msg_01", "type": "message", "role": "assistant",
        "content": [], "stop_reason": None, "stop_sequence": None,
        "usage": {"input_tokens": 12, "output_tokens": 1}}}]
    blocks = [piece for piece in answer.pieces if piece[0] != "refusal"]
    for index, (kind, *values) in enumerate(blocks):
        begun, deltas = _block(kind, values)
        steps.append({"type": "content_block_start", "index": index, "content_block": begun})
        steps += [{"type": "content_block_delta", "index": index, "delta": one} for one in deltas]
        if answer.end in ("never", "error") and index + 1 == len(blocks):
            break
        steps.append({"type": "content_block_stop", "index": index})
    if answer.end == "never":
        return [*steps, Hang()]
    if answer.end == "error":
        return [*steps, {"type": "error", "error": {"type": "api_error", "message": MESSAGE}}]
    delta = {"stop_reason": _stop_reason(answer), "stop_sequence": None}
    if answer.end == "refusal":
        delta["stop_details"] = {"type": "refusal", "category": None,
                                 "explanation": answer.pieces[-1][1]}
    return [*steps, {"type": "message_delta", "delta": delta, "usage": {"output_tokens": 34}},
            {"type": "message_stop"}]


def _stop_reason(answer):
    if answer.end != "stop":
        return {"length": "max_tokens", "refusal": "refusal"}[answer.end]
    return "tool_use" if answer.pieces[-1][0] == "call" else "end_turn"


def _together(make):
    """What needs no pause goes in one piece."""
    def steps(answer):
        made = make(answer)
        last = made.pop() if isinstance(made[-1], Hang) else None
        data = b"".join(event_bytes(one) if isinstance(one, dict) else one for one in made)
        return [data, *([last] if last else [])]
    return steps


STREAMED = {"responses": _together(_responses), "chat": _together(_chat),
            "messages": _together(_messages)}
