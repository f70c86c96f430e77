"""A provider that speaks Anthropic's Messages API and refuses what the real one refuses.

What it answers is scripted: an Answer, or an Error, for each request that it finds in order. It
remembers the thinking that it signed and refuses signatures that it did not give, or that come back
with another text.
"""

import base64
import itertools
import json
import re

from upstream import Script, Upstream, event_bytes

KEY = "sk-ant-strict-5d20c1"
VERSION = "2023-06-01"
REQUEST_BYTES = 32 * 1024 * 1024
CACHE_MARKS = 4
LEAST_BUDGET = 1024
LEAST_TOP_P = 0.95  # with thinking

ERROR_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    504: "timeout_error",
    529: "overloaded_error",
}

MEMBERS = {
    "model", "messages", "max_tokens", "system", "metadata", "stop_sequences", "stream",
    "temperature", "top_k", "top_p", "tools", "tool_choice", "thinking", "service_tier",
    "output_config", "container", "context_management", "inference_geo", "cache_control",
}
BLOCK_MEMBERS = {
    "text": {"type", "text", "citations", "cache_control"},
    "image": {"type", "source", "cache_control"},
    "document": {"type", "source", "title", "context", "citations", "cache_control"},
    "search_result": {"type", "source", "title", "content", "citations", "cache_control"},
    "tool_use": {"type", "id", "name", "input", "cache_control", "caller"},
    "tool_result": {"type", "tool_use_id", "content", "is_error", "cache_control"},
    "thinking": {"type", "thinking", "signature"},
    "redacted_thinking": {"type", "data"},
    "server_tool_use": {"type", "id", "name", "input", "cache_control", "caller"},
    "web_search_tool_result": {"type", "tool_use_id", "content", "cache_control", "caller"},
}
BLOCKS_OF = {
    "user": {"text", "image", "document", "search_result", "tool_result"},
    "assistant": {
        "text", "tool_use", "thinking", "redacted_thinking", "server_tool_use",
        "web_search_tool_result"},
    "tool_result": {"text", "image", "document", "search_result"},
    "system": {"text"},
}
SOURCES = {
    "image": {"base64": {"media_type", "data"}, "url": {"url"}, "file": {"file_id"}},
    "document": {
        "base64": {"media_type", "data"}, "text": {"media_type", "data"}, "url": {"url"},
        "content": {"content"}, "file": {"file_id"}},
}
TOOL_MEMBERS = {
    "name", "description", "input_schema", "type", "cache_control", "strict", "defer_loading",
    "allowed_callers", "input_examples", "eager_input_streaming"}
SERVER_TOOLS = {
    "web_search_20250305": {
        "type", "name", "allowed_domains", "blocked_domains", "max_uses", "user_location",
        "cache_control", "strict", "defer_loading", "allowed_callers"},
}
IMAGE_STARTS = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
    b"RIFF": "image/webp",
}
THINKING_MEMBERS = {
    "enabled": {"type", "budget_tokens", "display"},
    "adaptive": {"type", "display"},
    "disabled": {"type"},
}


class Refused(Exception):
    """The request is refused, with this message."""

    def __init__(self, message, status=400):
        super().__init__(message)
        self.status = status


class Answer:
    """
    What is said: blocks of the Messages API, as in its finished message. A thinking block without
    a signature gets one. steps are played, as in upstream.py, in place of message_stop; events in
    place of all.
    """

    def __init__(self, *blocks, stop="end_turn", usage=None, stop_details=None, steps=None,
                 events=None):
        self.blocks = blocks
        self.stop = stop
        self.stop_details = stop_details
        self.usage = {"input_tokens": 10, "cache_creation_input_tokens": 0,
                      "cache_read_input_tokens": 0, "output_tokens": 20, **(usage or {})}
        self.steps = steps
        self.events = events

    def for_request(self, body):
        """The blocks, to this request."""
        return self.blocks


class Error:
    """An HTTP error."""

    def __init__(self, status, message="it went wrong", headers=None, body=None):
        self.status = status
        self.message = message
        self.headers = headers or {}
        self.body = body


def text(words):
    return {"type": "text", "text": words}


def thinking(words):
    return {"type": "thinking", "thinking": words}


def redacted(data):
    return {"type": "redacted_thinking", "data": data}


def call(call_id, name, **arguments):
    return {"type": "tool_use", "id": call_id, "name": name, "input": arguments}


class StrictMessages(Upstream):
    def __init__(self):
        super().__init__()
        self.base = f"http://127.0.0.1:{self.port}"
        self.numbers = itertools.count(1)
        self.signed = {}  # what was thought, by its signature
        self.redacted = set()
        self.answers = []
        self.refusals = []  # messages, of the requests since answer()
        self.answered = []  # requests that were found in order since answer()

    def answer(self, *answers):
        """What to answer to the next requests that are in order; the last one again and again."""
        with self.lock:
            self.answers = list(answers)
            self.refusals = []
            self.answered = []
            self.exchanges = []

    def bodies(self):
        """The requests since answer() that were in order, as JSON."""
        return [exchange.json() for exchange in self.answered]

    def _script_for(self, exchange):
        request_id = f"req_{next(self.numbers):024d}"
        with self.lock:
            self.exchanges.append(exchange)
            self.lock.notify_all()
            try:
                body = check_call(exchange)
                check(body, self.signed, self.redacted)
            except Refused as refused:
                self.refusals.append(str(refused))
                return _error(request_id, Error(refused.status, str(refused)))
            self.answered.append(exchange)
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Error):
            return _error(request_id, answer)
        return self._stream(request_id, body, answer)

    def _stream(self, request_id, body, answer):
        blocks = [self._signed(block, body) for block in answer.for_request(body)]
        events = answer.events or stream_of(
            body["model"], f"msg_{request_id[4:]}", blocks, answer)
        steps = [event_bytes(event) for event in events]
        if answer.steps is not None:
            steps[-1:] = answer.steps
        return Script(steps, headers={"request-id": request_id})

    def _signed(self, block, body):
        """The block as it is sent, remembered."""
        if block["type"] == "redacted_thinking":
            self.redacted.add(block["data"])
        if block["type"] != "thinking":
            return block
        display = body.get("thinking", {}).get("display")
        words = "" if display == "omitted" else block["thinking"]
        number = f"{next(self.numbers)}.{block['thinking']}"
        signature = base64.b64encode(b"\x12\xfb\xef" + number.encode()).decode()
        self.signed[signature] = words
        return {**block, "thinking": words, "signature": signature}


def _error(request_id, error):
    body = error.body
    if body is None:
        body = {"type": "error", "error": {
            "type": ERROR_TYPES[error.status], "message": error.message}, "request_id": request_id}
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Script([sent], error.status, {
        "Content-Type": "application/json", "request-id": request_id, **error.headers})


def _pieces(words, length=7):
    return [words[at:at + length] for at in range(0, len(words), length)]


class CutCall(dict):
    """A call of which the model wrote the beginning only."""

    def __init__(self, call_id, name, beginning):
        super().__init__(call(call_id, name))
        self.beginning = beginning


def _input_of(block):
    if isinstance(block, CutCall):
        return block.beginning
    return json.dumps(block["input"]) if block["input"] else ""


def _deltas(block):
    kind = block["type"]
    if kind == "text":
        for piece in _pieces(block["text"]):
            yield {"type": "text_delta", "text": piece}
        for citation in block.get("citations") or []:
            yield {"type": "citations_delta", "citation": citation}
    elif kind == "thinking":
        for piece in _pieces(block["thinking"]):
            yield {"type": "thinking_delta", "thinking": piece}
        yield {"type": "signature_delta", "signature": block["signature"]}
    elif kind in ("tool_use", "server_tool_use"):
        yield {"type": "input_json_delta", "partial_json": ""}
        for piece in _pieces(_input_of(block)):
            yield {"type": "input_json_delta", "partial_json": piece}


def _start(block):
    kind = block["type"]
    if kind == "text":
        return {"type": "text", "text": ""}
    if kind == "thinking":
        return {"type": "thinking", "thinking": "", "signature": ""}
    if kind in ("tool_use", "server_tool_use"):
        return {**block, "input": {}}
    return block


def stream_of(model, message_id, blocks, answer):
    """The events that say this message."""
    usage = answer.usage
    yield {"type": "message_start", "message": {
        "model": model, "id": message_id, "type": "message", "role": "assistant", "content": [],
        "stop_reason": None, "stop_sequence": None,
        "usage": {**usage, "output_tokens": 1, "service_tier": "standard"}}}
    for index, block in enumerate(blocks):
        yield {"type": "content_block_start", "index": index, "content_block": _start(block)}
        if index == 0:
            yield {"type": "ping"}
        for delta in _deltas(block):
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    delta = {"stop_reason": answer.stop, "stop_sequence": None}
    if answer.stop_details is not None:
        delta["stop_details"] = answer.stop_details
    yield {"type": "message_delta", "delta": delta, "usage": usage}
    yield {"type": "message_stop"}


# What is refused.


def check_call(exchange):
    """The body, once method, path and headers are right."""
    if exchange.path.partition("?")[0] != "/v1/messages" or exchange.method != "POST":
        raise Refused("Not Found", 404)
    _check_key(exchange)
    if exchange.header("anthropic-version") is None:
        raise Refused("anthropic-version: header is required")
    if exchange.header("anthropic-version") != VERSION:
        raise Refused("anthropic-version: \"%s\" is not a valid version" % (
            exchange.header("anthropic-version")))
    if not (exchange.header("content-type") or "").startswith("application/json"):
        raise Refused("content-type: must be application/json")
    if len(exchange.body) > REQUEST_BYTES:
        raise Refused("Request exceeds the maximum size", 413)
    try:
        body = json.loads(exchange.body)
    except ValueError:
        raise Refused("The request body is not valid JSON") from None
    if not isinstance(body, dict):
        raise Refused("Input should be an object")
    return body


def _check_key(exchange):
    bearer = exchange.header("authorization")
    key = exchange.header("x-api-key")
    if key is None and bearer is None:
        raise Refused("x-api-key header is required", 401)
    if key is not None and bearer is not None:
        raise Refused("x-api-key and authorization cannot both be given", 401)
    if key is not None and key != KEY:
        raise Refused("invalid x-api-key", 401)
    if bearer is not None and bearer != f"Bearer {KEY}":
        raise Refused("Invalid bearer token", 401)


def check(body, signed, redacted_data):
    """Raises Refused for what the API refuses; signed and redacted_data are what it gave out."""
    _only(body, MEMBERS, "")
    for name in ("model", "max_tokens", "messages"):
        if name not in body:
            raise Refused(f"{name}: Field required")
    if not _is_integer(body["max_tokens"]) or body["max_tokens"] < 1:
        raise Refused("max_tokens: Input should be greater than or equal to 1")
    _check_system(body.get("system"))
    _check_roles(body["messages"])
    for number, message in enumerate(body["messages"]):
        _check_message(message, f"messages.{number}", number == len(body["messages"]) - 1)
    _check_results(body["messages"])
    _check_thinking_blocks(body["messages"], signed, redacted_data)
    _check_tools(body)
    _check_tool_choice(body)
    _check_thinking(body)
    _check_sampling(body)
    _check_end(body)
    _check_output(body)
    _check_rest(body)
    _check_cache_marks(body)


def _is_integer(value):
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _only(value, members, where):
    for name in value:
        if name not in members:
            raise Refused(f"{where}{name}: Extra inputs are not permitted")


def _string(value, name, where):
    if name not in value:
        raise Refused(f"{where}.{name}: Field required")
    if not isinstance(value[name], str):
        raise Refused(f"{where}.{name}: Input should be a valid string")
    return value[name]


def _generation(model):
    """Of claude-sonnet-4-5, (4, 5); of claude-3-7-sonnet, (3, 7)."""
    numbers = re.findall(r"(?<=-)\d{1,2}(?=-|$)", model)[:2]
    return tuple(int(number) for number in numbers + ["0"] * (2 - len(numbers)))


def _check_system(system):
    if system is None:
        return
    if isinstance(system, str):
        return
    if not isinstance(system, list):
        raise Refused("system: Input should be a valid list")
    for number, block in enumerate(system):
        _check_block(block, f"system.{number}", BLOCKS_OF["system"])
        if block["text"] == "":
            raise Refused("system: text content blocks must be non-empty")


def _check_roles(messages):
    if not isinstance(messages, list):
        raise Refused("messages: Input should be a valid list")
    if not messages:
        raise Refused("messages: at least one message is required")
    for message in messages:
        role = message.get("role")
        if role == "system":
            raise Refused(
                "messages: Unexpected role \"system\". The Messages API accepts a top-level "
                "`system` parameter, not \"system\" as an input message role.")
        if role not in ("user", "assistant"):
            raise Refused("messages.0.role: Input should be 'user' or 'assistant'")
    if messages[0]["role"] != "user":
        raise Refused("messages: first message must use the \"user\" role")
    for one, next_one in itertools.pairwise(messages):
        if one["role"] == next_one["role"]:
            raise Refused(
                "messages: roles must alternate between \"user\" and \"assistant\", but found "
                f"multiple \"{one['role']}\" roles in a row")


def _check_message(message, where, is_last):
    _only(message, {"role", "content"}, f"{where}.")
    content = message.get("content")
    role = message["role"]
    if not isinstance(content, (str, list)):
        raise Refused(f"{where}.content: Field required")
    if not content and not (is_last and role == "assistant"):
        raise Refused(f"{where}: all messages must have non-empty content except for the "
                      "optional final assistant message")
    if isinstance(content, str):
        _check_words(content)
        return
    for number, block in enumerate(content):
        _check_block(block, f"{where}.content.{number}", BLOCKS_OF[role])


def _check_words(words):
    if words == "":
        raise Refused("messages: text content blocks must be non-empty")
    if not words.strip():
        raise Refused("messages: text content blocks must contain non-whitespace text")


def _check_block(block, where, kinds):
    if not isinstance(block, dict) or not isinstance(block.get("type"), str):
        raise Refused(f"{where}.type: Field required")
    kind = block["type"]
    if kind not in kinds:
        found = ", ".join(f"'{name}'" for name in sorted(kinds))
        raise Refused(f"{where}: Input tag '{kind}' found using 'type' does not match any of the "
                      f"expected tags: {found}")
    _only(block, BLOCK_MEMBERS[kind], f"{where}.{kind}.")
    if kind == "text":
        words = _string(block, "text", f"{where}.text")
        if not where.startswith("system"):
            _check_words(words)
    elif kind in SOURCES:
        _check_source(block, kind, where)
    elif kind == "tool_use":
        _check_tool_use(block, f"{where}.tool_use")
    elif kind == "tool_result":
        _check_tool_result(block, f"{where}.tool_result")
    elif kind == "thinking":
        _string(block, "thinking", f"{where}.thinking")
        _string(block, "signature", f"{where}.thinking")
    elif kind == "redacted_thinking":
        _string(block, "data", f"{where}.redacted_thinking")


def _check_source(block, kind, where):
    source = block.get("source")
    if not isinstance(source, dict) or source.get("type") not in SOURCES[kind]:
        raise Refused(f"{where}.{kind}.source: Field required")
    form = source["type"]
    where = f"{where}.{kind}.source.{form}"
    _only(source, SOURCES[kind][form] | {"type"}, f"{where}.")
    for name in SOURCES[kind][form] - {"content"}:
        _string(source, name, where)
    if form == "url" and not re.match(r"https?://", source["url"]):
        raise Refused(f"{where}.url: Only HTTPS URLs are supported.")
    if form == "text" and source["media_type"] != "text/plain":
        raise Refused(f"{where}.media_type: Input should be 'text/plain'")
    if form == "base64":
        _check_bytes(source, kind, where)


def _check_bytes(source, kind, where):
    media_type = source["media_type"]
    try:
        data = base64.b64decode(source["data"], validate=True)
    except ValueError:
        raise Refused(f"{where}: invalid base64 data") from None
    if kind == "document":
        if media_type != "application/pdf":
            raise Refused(f"{where}.media_type: Input should be 'application/pdf'")
        if not data.startswith(b"%PDF"):
            raise Refused(f"{where}.data: The PDF specified was not valid.")
        return
    if media_type not in IMAGE_STARTS.values():
        raise Refused(f"{where}.media_type: Input should be 'image/jpeg', 'image/png', "
                      "'image/gif' or 'image/webp'")
    real = next((name for start, name in IMAGE_STARTS.items() if data.startswith(start)), None)
    if real is None:
        raise Refused(f"{where}.data: Could not process image")
    if real != media_type:
        raise Refused(f"{where}.data: The image was specified using the {media_type} media type, "
                      f"but the image appears to be a {real} image")


def _check_tool_use(block, where):
    if not re.fullmatch(r"[a-zA-Z0-9_-]+", _string(block, "id", where)):
        raise Refused(f"{where}.id: String should match pattern '^[a-zA-Z0-9_-]+$'")
    if not re.fullmatch(r"[a-zA-Z0-9_-]{1,200}", _string(block, "name", where)):
        raise Refused(f"{where}.name: String should match pattern '^[a-zA-Z0-9_-]{{1,200}}$'")
    if not isinstance(block.get("input"), dict):
        raise Refused(f"{where}.input: Input should be a valid dictionary")


def _check_tool_result(block, where):
    if not re.fullmatch(r"[a-zA-Z0-9_-]+", _string(block, "tool_use_id", where)):
        raise Refused(f"{where}.tool_use_id: String should match pattern '^[a-zA-Z0-9_-]+$'")
    content = block.get("content", "")
    if isinstance(content, str):
        return
    if not isinstance(content, list):
        raise Refused(f"{where}.content: Input should be a valid list")
    for number, part in enumerate(content):
        _check_block(part, f"{where}.content.{number}", BLOCKS_OF["tool_result"])
        if block.get("is_error") and part["type"] != "text":
            raise Refused(f"{where}: all content must be type `text` if `is_error` is true")


def _blocks(message, *kinds):
    content = message["content"]
    return [] if isinstance(content, str) else [b for b in content if b["type"] in kinds]


def _check_results(messages):
    used = [block["id"] for message in messages for block in _blocks(message, "tool_use")]
    if len(set(used)) != len(used):
        raise Refused("messages: `tool_use` ids must be unique")
    for number, message in enumerate(messages):
        before = messages[number - 1] if number else {"content": ""}
        after = messages[number + 1] if number + 1 < len(messages) else {"content": ""}
        called = {block["id"] for block in _blocks(before, "tool_use")}
        results = [block["tool_use_id"] for block in _blocks(message, "tool_result")]
        for result in results:
            if result not in called:
                raise Refused(
                    f"messages.{number}.content.0: unexpected `tool_use_id` found in "
                    f"`tool_result` blocks: {result}. Each `tool_result` block must have a "
                    "corresponding `tool_use` block in the previous message.")
        if len(set(results)) != len(results):
            raise Refused(f"messages.{number}.content.1: each tool_use must have a single result. "
                          "Found multiple `tool_result` blocks with id: " + results[0])
        answered = {block["tool_use_id"] for block in _blocks(after, "tool_result")}
        missing = [b["id"] for b in _blocks(message, "tool_use") if b["id"] not in answered]
        if missing:
            raise Refused(
                f"messages.{number}: `tool_use` ids were found without `tool_result` blocks "
                f"immediately after: {', '.join(missing)}. Each `tool_use` block must have a "
                "corresponding `tool_result` block in the next message.")
        _check_results_first(message, number)


def _check_results_first(message, number):
    content = message["content"]
    if isinstance(content, str):
        return
    kinds = [block["type"] == "tool_result" for block in content]
    if any(kinds) and kinds != sorted(kinds, reverse=True):
        raise Refused(f"messages.{number - 1}: `tool_use` ids were found without `tool_result` "
                      "blocks immediately after: results have to come first")


def _check_thinking_blocks(messages, signed, redacted_data):
    for number, message in enumerate(messages):
        content = message["content"]
        for place, block in enumerate([] if isinstance(content, str) else content):
            where = f"messages.{number}.content.{place}"
            if block["type"] == "redacted_thinking" and block["data"] not in redacted_data:
                raise Refused(f"{where}: Invalid `data` in `redacted_thinking` block")
            if block["type"] != "thinking":
                continue
            if block["signature"] not in signed:
                raise Refused(f"{where}: Invalid `signature` in `thinking` block")
            if signed[block["signature"]] != block["thinking"]:
                raise Refused(
                    f"{where}: `thinking` or `redacted_thinking` blocks in the latest assistant "
                    "message cannot be modified. These blocks must remain as they were in the "
                    "original response.")


def _check_tools(body):
    if "tools" not in body:
        return
    tools = body["tools"]
    if not isinstance(tools, list):
        raise Refused("tools: Input should be a valid list")
    for number, tool in enumerate(tools):
        if tool.get("type", "custom") == "custom":
            _check_custom_tool(tool, f"tools.{number}.custom")
        elif tool["type"] in SERVER_TOOLS:
            _only(tool, SERVER_TOOLS[tool["type"]], f"tools.{number}.{tool['type']}.")
            if tool.get("name") != "web_search":
                raise Refused(f"tools.{number}.{tool['type']}.name: Input should be 'web_search'")
            if tool.get("allowed_domains") and tool.get("blocked_domains"):
                raise Refused("tools: Only one of allowed_domains or blocked_domains may be set")
        else:
            raise Refused(f"tools.{number}: Input tag '{tool['type']}' found using 'type' does "
                          "not match any of the expected tags")
    names = [tool["name"] for tool in tools]
    if len(set(names)) != len(names):
        raise Refused("tools: Tool names must be unique.")


def _check_custom_tool(tool, where):
    _only(tool, TOOL_MEMBERS, f"{where}.")
    if not re.fullmatch(r"[a-zA-Z0-9_-]{1,128}", _string(tool, "name", where)):
        raise Refused(f"{where}.name: String should match pattern '^[a-zA-Z0-9_-]{{1,128}}$'")
    if "description" in tool:
        _string(tool, "description", where)
    schema = tool.get("input_schema")
    if not isinstance(schema, dict):
        raise Refused(f"{where}.input_schema: Field required")
    if "type" not in schema:
        raise Refused(f"{where}.input_schema.type: Field required")
    if schema["type"] != "object":
        raise Refused(f"{where}.input_schema.type: Input should be 'object'")
    for name in ("oneOf", "anyOf", "allOf"):
        if name in schema:
            raise Refused(f"{where}.input_schema: input_schema does not support oneOf, allOf, or "
                          "anyOf at the top level")
    if tool.get("strict"):
        _check_closed(schema, f"{where}.input_schema")


def _schemas_within(schema):
    for name in ("properties", "$defs", "definitions"):
        for key, value in schema.get(name, {}).items():
            yield f"{name}.{key}", value
    for name in ("items", "prefixItems", "anyOf", "allOf", "oneOf", "not"):
        value = schema.get(name, [])
        for one in value if isinstance(value, list) else [value]:
            yield name, one


def _check_closed(schema, where):
    if not isinstance(schema, dict):
        return
    kind = schema.get("type", [])
    is_object = "object" in ([kind] if isinstance(kind, str) else kind) or "properties" in schema
    if is_object and schema.get("additionalProperties") is not False:
        raise Refused(f"{where}: For 'object' type, 'additionalProperties' must be "
                      "explicitly set to false")
    for name, value in _schemas_within(schema):
        _check_closed(value, f"{where}.{name}")


def _check_tool_choice(body):
    choice = body.get("tool_choice")
    if choice is None:
        return
    if not body.get("tools"):
        raise Refused("tool_choice: tool_choice may only be specified while providing tools")
    kind = choice.get("type")
    members = {"auto": {"disable_parallel_tool_use"}, "any": {"disable_parallel_tool_use"},
               "tool": {"disable_parallel_tool_use", "name"}, "none": set()}
    if kind not in members:
        raise Refused(f"tool_choice: Input tag '{kind}' found using 'type' does not match any of "
                      "the expected tags: 'auto', 'any', 'tool', 'none'")
    _only(choice, members[kind] | {"type"}, f"tool_choice.{kind}.")
    if kind == "tool":
        name = _string(choice, "name", "tool_choice.tool")
        if name not in [tool["name"] for tool in body["tools"]]:
            raise Refused(f"tool_choice: Tool '{name}' not found in provided tools")


def _thinks(body):
    return (body.get("thinking") or {}).get("type") in ("enabled", "adaptive")


def _check_thinking(body):
    setting = body.get("thinking")
    if setting is None:
        return
    kind = setting.get("type")
    if kind not in THINKING_MEMBERS:
        raise Refused(f"thinking: Input tag '{kind}' found using 'type' does not match any of the "
                      "expected tags: 'adaptive', 'disabled', 'enabled'")
    _only(setting, THINKING_MEMBERS[kind], f"thinking.{kind}.")
    if setting.get("display", "omitted") not in ("omitted", "summarized"):
        raise Refused(f"thinking.{kind}.display: Input should be 'summarized' or 'omitted'")
    generation = _generation(body["model"])
    if kind == "adaptive" and generation < (4, 6):
        raise Refused("adaptive thinking is not supported on this model")
    if kind != "disabled" and generation < (3, 7):
        raise Refused(f"'{body['model']}' does not support thinking")
    if kind == "enabled":
        if generation >= (4, 7):
            raise Refused("\"thinking.type.enabled\" is not supported for this model. Use "
                          "\"thinking.type.adaptive\" and \"output_config.effort\" to control "
                          "thinking behavior.")
        _check_budget(setting, body["max_tokens"])
    if kind != "disabled" and (body.get("tool_choice") or {}).get("type") in ("any", "tool"):
        raise Refused("Thinking may not be enabled when tool_choice forces tool use.")


def _check_budget(setting, max_tokens):
    budget = setting.get("budget_tokens")
    if budget is None:
        raise Refused("thinking.enabled.budget_tokens: Field required")
    if not _is_integer(budget) or budget < LEAST_BUDGET:
        raise Refused("thinking.enabled.budget_tokens: Input should be greater than or equal to "
                      f"{LEAST_BUDGET}")
    if budget >= max_tokens:
        raise Refused("`max_tokens` must be greater than `thinking.budget_tokens`: budget_tokens "
                      "must be less than max_tokens.")


def _check_sampling(body):
    temperature, top_p = body.get("temperature"), body.get("top_p")
    for name, value in (("temperature", temperature), ("top_p", top_p)):
        if name in body and (not _is_number(value) or not 0 <= value <= 1):
            raise Refused(f"{name}: range: 0..1")
    generation = _generation(body["model"])
    if generation >= (4, 7) and (temperature not in (None, 1) or top_p is not None):
        raise Refused("`temperature` is deprecated for this model.")
    if temperature is not None and top_p is not None and generation >= (4, 1):
        raise Refused("`temperature` and `top_p` cannot both be specified for this model. Please "
                      "use only one.")
    if not _thinks(body):
        return
    if temperature not in (None, 1):
        raise Refused("`temperature` may only be set to 1 when thinking is enabled.")
    if top_p is not None and top_p < LEAST_TOP_P:
        raise Refused("`top_p` must be greater than or equal to 0.95 or unset when thinking is "
                      "enabled.")
    if "top_k" in body:
        raise Refused("`top_k` must be unset when thinking is enabled.")


def _turn_of_last(messages):
    """
    The places of the assistant's messages in the turn that the last message is of, or brings
    results to; the last one first. Results alone do not end a turn.
    """
    place = len(messages) - 1
    if messages[place]["role"] == "user":
        if not _blocks(messages[place], "tool_result"):
            return []
        place -= 1
    places = [place]
    while place >= 2 and isinstance(messages[place - 1]["content"], list) and all(
            block["type"] == "tool_result" for block in messages[place - 1]["content"]):
        place -= 2
        places.append(place)
    return places


def _first_kind(message):
    content = message["content"]
    return "text" if isinstance(content, str) else content[0]["type"]


def _check_end(body):
    """What the last message may be, and how the turn that runs has to begin."""
    messages = body["messages"]
    last = messages[-1]
    if last["role"] == "assistant":
        if _generation(body["model"]) >= (4, 6):
            raise Refused("This model does not support assistant message prefill. The "
                          "conversation must end with a user message.")
        content = last["content"]
        ends = content if isinstance(content, str) else (
            content[-1].get("text", "") if content else "")
        if ends != ends.rstrip():
            raise Refused("messages: final assistant content cannot end with trailing whitespace")
    if (body.get("thinking") or {}).get("type") != "enabled":
        return
    turn = _turn_of_last(messages)
    found = [_first_kind(messages[place]) for place in turn]
    if turn and not {"thinking", "redacted_thinking"} & set(found):
        raise Refused(
            f"messages.{turn[0]}.content.0.type: Expected `thinking` or `redacted_thinking`, but "
            f"found `{found[0]}`. When `thinking` is enabled, a final `assistant` message must "
            "start with a thinking block (preceeding the lastmost set of `tool_use` and "
            "`tool_result` blocks). To avoid this requirement, disable `thinking`.")


def _check_output(body):
    config = body.get("output_config")
    if config is None:
        return
    _only(config, {"effort", "format"}, "output_config.")
    generation = _generation(body["model"])
    if "effort" in config:
        if config["effort"] not in ("low", "medium", "high", "xhigh", "max"):
            raise Refused("output_config.effort: Input should be 'low', 'medium', 'high', "
                          "'xhigh' or 'max'")
        if generation < (4, 6) and not body["model"].startswith("claude-opus-4-5"):
            raise Refused("This model does not support the effort parameter.")
        if config["effort"] == "xhigh" and generation < (4, 7):
            raise Refused("This model does not support effort level 'xhigh'.")
    if "format" in config:
        if generation < (4, 1):
            raise Refused(f"'{body['model']}' does not support output format.")
        _only(config["format"], {"type", "schema"}, "output_config.format.")
        if config["format"].get("type") != "json_schema":
            raise Refused("output_config.format.type: Input should be 'json_schema'")
        if not isinstance(config["format"].get("schema"), dict):
            raise Refused("output_config.format.schema: Field required")
        _check_closed(config["format"]["schema"], "output_config.format.schema")
        if body["messages"][-1]["role"] == "assistant":
            raise Refused("Prefill is not supported with output_config.format")


def _check_rest(body):
    if "stream" in body and not isinstance(body["stream"], bool):
        raise Refused("stream: Input should be a valid boolean")
    if body.get("service_tier", "auto") not in ("auto", "standard_only"):
        raise Refused("service_tier: Input should be 'auto' or 'standard_only'")
    if "metadata" in body:
        _only(body["metadata"], {"user_id"}, "metadata.")
        if len(body["metadata"].get("user_id") or "") > 256:
            raise Refused("metadata.user_id: String should have at most 256 characters")
    stops = body.get("stop_sequences", [])
    if not isinstance(stops, list):
        raise Refused("stop_sequences: Input should be a valid list")
    for number, stop in enumerate(stops):
        if not isinstance(stop, str) or not stop.strip():
            raise Refused(f"stop_sequences.{number}: each stop sequence must contain "
                          "non-whitespace")


def _marks(value, where):
    """How many cache_control marks there are in it."""
    if isinstance(value, list):
        return sum(_marks(one, f"{where}.{number}") for number, one in enumerate(value))
    if not isinstance(value, dict):
        return 0
    count = 0
    mark = value.get("cache_control")
    if mark is not None:
        _only(mark, {"type", "ttl"}, f"{where}.cache_control.")
        if mark.get("type") != "ephemeral" or mark.get("ttl", "5m") not in ("5m", "1h"):
            raise Refused(f"{where}.cache_control: Input should be 'ephemeral'")
        if value.get("type") == "text" and value.get("text") == "":
            raise Refused(f"{where}: cache_control cannot be set for empty text blocks")
        count = 1
    return count + _marks(value.get("content"), f"{where}.content")


def _check_cache_marks(body):
    count = sum(_marks(body.get(name), name) for name in ("tools", "system", "messages"))
    if count > CACHE_MARKS:
        raise Refused("A maximum of 4 blocks with cache_control may be provided. Found "
                      f"{count}.")
