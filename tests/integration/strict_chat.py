"""A provider that speaks the Chat Completions API and refuses what the real ones refuse.

It is several providers in one: what a path begins with says which (MODES). What it answers is
scripted: an Answer, or an Error, for each request that it finds in order. It remembers the ids,
the reasoning and the signatures that it gave out and wants them back where the real ones do.
"""

import itertools
import json
import re

from upstream import Script, Upstream

MEMBERS = set("""
    messages model audio frequency_penalty function_call functions logit_bias logprobs
    max_completion_tokens max_tokens metadata modalities n parallel_tool_calls prediction
    presence_penalty prompt_cache_key prompt_cache_retention reasoning_effort response_format
    safety_identifier seed service_tier stop store stream stream_options temperature tool_choice
    tools top_logprobs top_p user verbosity web_search_options""".split())
COMMON = MEMBERS - {
    "metadata", "store", "verbosity", "safety_identifier", "prompt_cache_key", "service_tier",
    "prompt_cache_retention", "prediction", "audio", "modalities", "web_search_options"}
MESSAGE_MEMBERS = {
    "system": {"role", "content", "name"},
    "developer": {"role", "content", "name"},
    "user": {"role", "content", "name"},
    "assistant": {"role", "content", "name", "refusal", "tool_calls", "audio", "function_call"},
    "tool": {"role", "content", "tool_call_id"},
}
PARTS = {
    "system": {"text"}, "developer": {"text"}, "tool": {"text"}, "assistant": {"text", "refusal"},
    "user": {"text", "image_url", "input_audio", "file"},
}
PART_MEMBERS = {
    "text": {"text": str}, "refusal": {"refusal": str}, "image_url": {"image_url": dict},
    "input_audio": {"input_audio": dict}, "file": {"file": dict},
}
NAME = re.compile(r"[a-zA-Z0-9_-]+\Z")
NINE = re.compile(r"[a-zA-Z0-9]{9}\Z")
LONGEST = 64
SKIP_SIGNATURE = "skip_thought_signature_validator"


class Mode:
    def __init__(self, members=COMMON, **traits):
        self.members = members
        self.traits = traits

    def __getattr__(self, name):
        return self.traits.get(name, False)


# What each provider wants beside what all want. The members are named for what is true of it.
MODES = {
    "openai": Mode(MEMBERS, has_developer=True),
    "reasoning": Mode(MEMBERS, has_developer=True, is_reasoning=True),
    "mistral": Mode(COMMON - {"stream_options"}, nine_characters=True, tells_usage=True, no_developer=True, thinking_parts=True,
                    strict_turns=True, whole_calls=True),
    "deepseek": Mode(COMMON | {"thinking"}, no_developer=True, thinks=True, wants_reasoning=True),
    "gemini": Mode(COMMON, no_developer=True, signs_calls=True, whole_calls=True, all_at_zero=True),
    "openrouter": Mode(COMMON | {"reasoning", "transforms", "provider"}, has_developer=True,
                       thinks=True, wants_details=True, pings=True),
    "local": Mode(COMMON - {"stream_options", "parallel_tool_calls"}, no_developer=True,
                  only_strings=True, no_ids=True, no_strict=True),
}


class Refused(Exception):
    """The request is refused, with this message."""

    def __init__(self, message, param=None, code=None, status=400):
        super().__init__(message)
        self.status = status
        self.param = param
        self.code = code


class Answer:
    """What is said. calls are (name, arguments) or (name, arguments, id)."""

    def __init__(self, text="", reasoning="", calls=(), refusal="", finish=None, steps=None):
        self.text = text
        self.reasoning = reasoning
        self.calls = calls
        self.refusal = refusal
        self.finish = finish or ("tool_calls" if calls else "stop")
        self.steps = steps  # played in the place of the end, as in upstream.py


class Error:
    """An HTTP error."""

    def __init__(self, status, message="it went wrong", code=None):
        self.status = status
        self.message = message
        self.code = code


class StrictChat(Upstream):
    def __init__(self):
        super().__init__()
        self.root = f"http://127.0.0.1:{self.port}"
        self.numbers = itertools.count(1)
        self.given = Given()
        self.answers = []
        self.refusals = []  # messages, of the requests since answer()
        self.answered = []  # requests that were found in order since answer()

    def base_of(self, mode):
        return f"{self.root}/{mode}/v1"

    def answer(self, *answers):
        """What to answer to the next requests that are in order; the last one again and again."""
        with self.lock:
            self.answers = list(answers)
            self.refusals = []
            self.answered = []

    def bodies(self):
        """The requests since answer() that were in order, as JSON."""
        return [exchange.json() for exchange in self.answered]

    def _script_for(self, exchange):
        with self.lock:
            self.exchanges.append(exchange)
            self.lock.notify_all()
            try:
                mode = mode_of(exchange)
                body = json.loads(exchange.body)
                check(body, mode, self.given)
            except Refused as refused:
                self.refusals.append(str(refused))
                return _error(refused, str(refused))
            self.answered.append(exchange)
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            if isinstance(answer, Error):
                return _error(answer, answer.message)
            chunks = list(chunks_of(answer, mode, body, self.given, self.numbers))
        steps = [f"data: {json.dumps(chunk)}\n\n".encode() for chunk in chunks]
        if mode.pings:
            steps.insert(1, b": OPENROUTER PROCESSING\n\n")
        return Script(steps + (answer.steps or [b"data: [DONE]\n\n"]))


class Given:
    """What was given out."""

    def __init__(self):
        self.reasoning = {}  # by the ids of the calls that came with it
        self.details = {}
        self.signatures = {}


def mode_of(exchange):
    name, _, rest = exchange.path.removeprefix("/").partition("/")
    if exchange.method != "POST" or rest != "v1/chat/completions" or name not in MODES:
        raise Refused(f"Invalid URL (POST {exchange.path})", status=404)
    if not (exchange.header("authorization") or "").startswith("Bearer "):
        raise Refused("You didn't provide an API key.", code="invalid_api_key", status=401)
    if not (exchange.header("content-type") or "").startswith("application/json"):
        raise Refused("you must provide a JSON body", code="unsupported_content_type", status=415)
    return MODES[name]


def _error(error, message):
    return Script([json.dumps({"error": {
        "message": message, "type": "invalid_request_error" if error.status < 429 else "error",
        "param": getattr(error, "param", None), "code": error.code}}).encode()],
        error.status, {"Content-Type": "application/json"})


# What is said.


def _pieces(words, length=7):
    return [words[at:at + length] for at in range(0, len(words), length)]


def chunks_of(answer, mode, body, given, numbers):
    number = next(numbers)

    def chunk(delta, finish=None):
        return {"id": f"chatcmpl-{number}", "object": "chat.completion.chunk", "created": 1,
                "model": body["model"],
                "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}

    yield chunk({"role": "assistant", "content": ""})
    details = []
    for piece in _pieces(answer.reasoning):
        if mode.thinking_parts:
            yield chunk({"content": [{"type": "thinking", "thinking": [
                {"type": "text", "text": piece}]}]})
        elif mode.wants_details:
            details.append({"type": "reasoning.text", "text": piece, "index": 0,
                            "signature": f"sig {number}", "format": "unknown"})
            yield chunk({"reasoning": piece, "reasoning_details": details[-1:]})
        else:
            yield chunk({"content": None, "reasoning_content": piece})
    for piece in _pieces(answer.text):
        yield chunk({"content": piece})
    for piece in _pieces(answer.refusal):
        yield chunk({"refusal": piece})
    yield from (chunk(delta) for delta in _calls_of(answer, mode, given, number))
    yield chunk({}, answer.finish)
    if "stream_options" in body or mode.tells_usage:
        yield {"id": f"chatcmpl-{number}", "choices": [], "usage": {
            "prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30}}


def _calls_of(answer, mode, given, number):
    for index, (name, arguments, *ids) in enumerate(answer.calls):
        made = f"{number:05d}call{index:03d}"[-9:] if mode.nine_characters else (
            f"call_{number}_{index}")
        call_id = ids[0] if ids else made
        given.reasoning[call_id] = answer.reasoning if mode.wants_reasoning else ""
        call = {"index": 0 if mode.all_at_zero else index, "id": call_id, "type": "function",
                "function": {"name": name, "arguments": arguments}}
        if mode.signs_calls and index == 0:
            given.signatures[call_id] = f"signature of {call_id}"
            call["extra_content"] = {"google": {"thought_signature": given.signatures[call_id]}}
        if mode.no_ids:
            del call["id"], call["type"]
        if mode.whole_calls:
            yield {"tool_calls": [call]}
            continue
        yield {"tool_calls": [{**call, "function": {"name": name, "arguments": ""}}]}
        for piece in _pieces(arguments):
            yield {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}


# What is refused.


def check(body, mode, given):
    """Raises Refused for what the provider of that mode refuses."""
    for name in body:
        if name not in mode.members:
            raise Refused(f"Unknown parameter: '{name}'.", name, "unknown_parameter")
    if not isinstance(body.get("model"), str):
        raise Refused("you must provide a model parameter")
    if body.get("stream") is not True:
        raise Refused("Only streams are served here", "stream")
    _check_messages(body, mode)
    _check_order(body["messages"], mode)
    _check_tools(body, mode)
    _check_sampling(body, mode)
    _check_format(body)
    _check_store(body)
    if mode.wants_reasoning:
        _check_reasoning(body["messages"], given)
    if mode.signs_calls:
        _check_signatures(body["messages"], given)


def _type_of(value):
    return {str: "string", int: "integer", float: "decimal", bool: "boolean", dict: "object",
            list: "array", type(None): "null"}[type(value)]


def _need(value, kind, where):
    if not isinstance(value, kind):
        expected = {str: "a string", dict: "an object", list: "an array", bool: "a boolean"}[kind]
        raise Refused(f"Invalid type for '{where}': expected {expected}, but got "
                      f"{_type_of(value)} instead.", where, "invalid_type")
    return value


def _check_messages(body, mode):
    messages = _need(body.get("messages"), list, "messages")
    if not messages:
        raise Refused("[] is too short - 'messages'", "messages")
    for number, message in enumerate(messages):
        where = f"messages[{number}]"
        role = _need(message, dict, where).get("role")
        if role not in MESSAGE_MEMBERS or role == "developer" and mode.no_developer:
            raise Refused(f"Unexpected role '{role}'", f"{where}.role", "invalid_value")
        allowed = set(MESSAGE_MEMBERS[role])
        if role == "assistant":
            allowed |= {"reasoning_content"} if mode.wants_reasoning else set()
            allowed |= {"reasoning_details", "reasoning"} if mode.wants_details else set()
        for name in message:
            if name not in allowed:
                raise Refused(f"Unknown parameter: '{where}.{name}'.", f"{where}.{name}",
                              "unknown_parameter")
        _check_content(message, where, mode)
        for index, call in enumerate(message.get("tool_calls") or []):
            _check_call(call, f"{where}.tool_calls[{index}]", mode)
        if "tool_calls" in message and not message["tool_calls"]:
            raise Refused(f"[] is too short - '{where}.tool_calls'", f"{where}.tool_calls")


def _check_content(message, where, mode):
    role, content = message["role"], message.get("content")
    if content is None:
        if role != "assistant" or not (message.get("tool_calls") or message.get("refusal")):
            raise Refused("Invalid value for 'content': expected a string, got null.",
                          f"{where}.content")
        return
    if isinstance(content, str):
        if content == "" and role != "assistant":
            raise Refused(f"{where}.content must not be empty", f"{where}.content")
        return
    parts = _need(content, list, f"{where}.content")
    if not parts:
        raise Refused(f"[] is too short - '{where}.content'", f"{where}.content")
    if mode.only_strings and all(part.get("type") == "text" for part in parts):
        raise Refused("content must be a string", f"{where}.content")
    for number, part in enumerate(parts):
        _check_part(part, f"{where}.content[{number}]", role)


def _check_part(part, where, role):
    kind = _need(part, dict, where).get("type")
    if kind == "image_url" and role != "user":
        raise Refused(f"Image URLs are only allowed for messages with role 'user', but this "
                      f"message with role '{role}' contains an image URL.", where, "invalid_value")
    if kind not in PARTS[role]:
        raise Refused(f"Invalid value: '{kind}'. Supported values are: "
                      f"{', '.join(sorted(PARTS[role]))}.", where, "invalid_value")
    for name in part:
        if name != "type" and name not in PART_MEMBERS[kind]:
            raise Refused(f"Unknown parameter: '{where}.{name}'.", where, "unknown_parameter")
    for name, expected in PART_MEMBERS[kind].items():
        _need(part.get(name), expected, f"{where}.{name}")
    if kind == "image_url":
        image = part["image_url"]
        _need(image.get("url"), str, f"{where}.image_url.url")
        if image.get("detail", "auto") not in ("auto", "low", "high"):
            raise Refused(f"Invalid value: '{image['detail']}'. Supported values are: 'low', "
                          "'high', and 'auto'.", f"{where}.image_url.detail", "invalid_value")


def _check_call(call, where, mode):
    if call.get("type") != "function":
        raise Refused(f"Missing required parameter: '{where}.type'.", f"{where}.type")
    function = _need(call.get("function"), dict, f"{where}.function")
    call_id = _need(call.get("id"), str, f"{where}.id")
    if len(call_id) > LONGEST:
        raise Refused(f"Invalid '{where}.id': string too long. Expected a string with maximum "
                      f"length {LONGEST}, but got a string with length {len(call_id)} instead.",
                      f"{where}.id", "string_above_max_length")
    if mode.nine_characters and not NINE.match(call_id):
        raise Refused(f"Tool call id was {call_id} but must be a-z, A-Z, 0-9, with a length of 9.",
                      f"{where}.id")
    _check_name(function.get("name"), f"{where}.function.name")
    arguments = _need(function.get("arguments"), str, f"{where}.function.arguments")
    try:
        json.loads(arguments)
    except ValueError:
        if not mode.has_developer:
            raise Refused("Failed to parse tool call arguments as JSON", where) from None
    for name in call:
        if name not in ("id", "type", "function") and not (
                name == "extra_content" and mode.signs_calls):
            raise Refused(f"Unknown parameter: '{where}.{name}'.", where, "unknown_parameter")


def _check_name(name, where):
    _need(name, str, where)
    if not NAME.match(name):
        raise Refused(f"Invalid '{where}': string does not match pattern. Expected a string that "
                      "matches the pattern '^[a-zA-Z0-9_-]+$'.", where, "invalid_value")
    if len(name) > LONGEST:
        raise Refused(f"Invalid '{where}': string too long. Expected a string with maximum length "
                      f"{LONGEST}, but got a string with length {len(name)} instead.", where,
                      "string_above_max_length")


def _check_order(messages, mode):
    """Each call is answered at once, and nothing else is."""
    waiting = None
    for number, message in enumerate(messages):
        if message["role"] == "tool":
            if waiting is None:
                raise Refused("Invalid parameter: messages with role 'tool' must be a response to "
                              "a preceeding message with 'tool_calls'.",
                              f"messages[{number}].role")
            call_id = message.get("tool_call_id")
            if call_id not in waiting:
                raise Refused(f"Invalid parameter: 'tool_call_id' of '{call_id}' not found in "
                              "'tool_calls' of previous message.",
                              f"messages[{number}].tool_call_id")
            waiting.remove(call_id)
            continue
        _check_all_answered(waiting)
        waiting = None
        if message.get("tool_calls"):
            waiting = [call["id"] for call in message["tool_calls"]]
            if len(set(waiting)) != len(waiting):
                raise Refused("Duplicate value for 'tool_call_id'.", f"messages[{number}]")
    _check_all_answered(waiting)
    if mode.strict_turns:
        _check_turns(messages)


def _check_all_answered(waiting):
    if waiting:
        raise Refused("An assistant message with 'tool_calls' must be followed by tool messages "
                      "responding to each 'tool_call_id'. The following tool_call_ids did not "
                      f"have response messages: {', '.join(waiting)}", "messages")


def _check_turns(messages):
    last = messages[-1]["role"]
    if last not in ("user", "tool"):
        raise Refused("Expected last role User or Tool (or Assistant with prefix True) for serving "
                      f"but got {last}", "messages")


def _check_tools(body, mode):
    tools = body.get("tools")
    if tools is None:
        for name in ("tool_choice", "parallel_tool_calls"):
            if name in body:
                raise Refused(f"Invalid value for '{name}': '{name}' is only allowed when 'tools' "
                              "are specified.", name)
        return
    if not _need(tools, list, "tools"):
        raise Refused("[] is too short - 'tools'", "tools")
    names = [_check_tool(tool, f"tools[{number}]", mode) for number, tool in enumerate(tools)]
    if len(set(names)) != len(names):
        raise Refused("Tool names must be unique.", "tools")
    _check_choice(body.get("tool_choice", "auto"), names)


def _check_tool(tool, where, mode):
    if _need(tool, dict, where).get("type") != "function":
        raise Refused(f"Invalid value: '{tool.get('type')}'. Supported values are: 'function'.",
                      f"{where}.type", "invalid_value")
    for name in tool:
        if name not in ("type", "function"):
            raise Refused(f"Unknown parameter: '{where}.{name}'.", where, "unknown_parameter")
    function = _need(tool.get("function"), dict, f"{where}.function")
    for name in function:
        if name not in ("name", "description", "parameters", "strict") or (
                name == "strict" and mode.no_strict):
            raise Refused(f"Unknown parameter: '{where}.function.{name}'.", where,
                          "unknown_parameter")
    _check_name(function.get("name"), f"{where}.function.name")
    if "description" in function:
        _need(function["description"], str, f"{where}.function.description")
    if "strict" in function:
        _need(function["strict"], bool, f"{where}.function.strict")
    parameters = _need(function.get("parameters", {"type": "object"}), dict,
                       f"{where}.function.parameters")
    if parameters.get("type") != "object":
        raise Refused(f"Invalid schema for function '{function['name']}': schema must be a JSON "
                      f"Schema of 'type: \"object\"', got 'type: \"{parameters.get('type')}\"'.",
                      f"{where}.function.parameters", "invalid_function_parameters")
    if function.get("strict"):
        _check_strict(parameters, f"function '{function['name']}'")
    return function["name"]


def _check_choice(choice, names):
    if choice in ("auto", "none", "required"):
        return
    chosen = []
    if isinstance(choice, dict) and choice.get("type") == "function":
        chosen = [choice.get("function", {}).get("name")]
    elif isinstance(choice, dict) and choice.get("type") == "allowed_tools":
        chosen = [tool.get("function", {}).get("name")
                  for tool in choice.get("allowed_tools", {}).get("tools", [])]
    if not chosen or not set(chosen) <= set(names):
        raise Refused("Invalid value for 'tool_choice': it names no tool that is there.",
                      "tool_choice")


def _check_strict(schema, what):
    if schema.get("additionalProperties") is not False:
        raise Refused(f"Invalid schema for {what}: In context=(), 'additionalProperties' is "
                      "required to be supplied and to be false.", "invalid_schema")
    if sorted(schema.get("required", [])) != sorted(schema.get("properties", {})):
        raise Refused(f"Invalid schema for {what}: In context=(), 'required' is required to be "
                      "supplied and to be an array including every key in properties.")


def _check_sampling(body, mode):
    if "max_tokens" in body and mode.is_reasoning:
        raise Refused("Unsupported parameter: 'max_tokens' is not supported with this model. Use "
                      "'max_completion_tokens' instead.", "max_tokens", "unsupported_parameter")
    if "max_tokens" in body and "max_completion_tokens" in body:
        raise Refused("Setting 'max_tokens' and 'max_completion_tokens' at the same time is not "
                      "supported.")
    for name in ("temperature", "top_p"):
        if name in body and mode.is_reasoning and body[name] != 1:
            raise Refused(f"Unsupported value: '{name}' does not support {body[name]} with this "
                          "model. Only the default (1) value is supported.", name,
                          "unsupported_value")
    if "top_logprobs" in body and not body.get("logprobs"):
        raise Refused("'top_logprobs' is only allowed when 'logprobs' is true.", "top_logprobs")
    if "reasoning_effort" in body and not (
            mode.is_reasoning or mode.signs_calls or mode.wants_details):
        raise Refused("Unrecognized request argument supplied: reasoning_effort",
                      "reasoning_effort")


def _check_format(body):
    form = body.get("response_format")
    if form is None:
        return
    if form.get("type") == "json_object":
        if "json" not in json.dumps(body["messages"]).lower():
            raise Refused("'messages' must contain the word 'json' in some form, to use "
                          "'response_format' of type 'json_object'.", "messages")
    elif form.get("type") == "json_schema":
        schema = _need(form.get("json_schema"), dict, "response_format.json_schema")
        if "name" not in schema:
            raise Refused("Missing required parameter: 'response_format.json_schema.name'.",
                          "response_format.json_schema.name", "missing_required_parameter")
        for name in schema:
            if name not in ("name", "schema", "strict", "description"):
                raise Refused(f"Unknown parameter: 'response_format.json_schema.{name}'.",
                              code="unknown_parameter")
        if schema.get("strict"):
            _check_strict(schema.get("schema", {}), f"response_format '{schema['name']}'")
    else:
        raise Refused(f"Invalid value: '{form.get('type')}'. Supported values are: 'json_object' "
                      "and 'json_schema'.", "response_format.type", "invalid_value")


def _check_store(body):
    if body.get("metadata") and body.get("store") is False:
        raise Refused("The 'metadata' parameter is only allowed when 'store' is enabled.",
                      "metadata")
    if "stream_options" in body and body["stream_options"] != {"include_usage": True}:
        raise Refused("Unknown parameter: 'stream_options'.", "stream_options")


def _check_reasoning(messages, given):
    for message in messages:
        for call in message.get("tool_calls") or []:
            thought = given.reasoning.get(call["id"])
            if thought and message.get("reasoning_content") != thought:
                raise Refused("The `reasoning_content` in the thinking mode must be passed back to "
                              "the API.", "messages")


def _check_signatures(messages, given):
    for message in messages:
        for number, call in enumerate(message.get("tool_calls") or []):
            sent = call.get("extra_content", {}).get("google", {}).get("thought_signature")
            wanted = given.signatures.get(call["id"])
            if sent not in (wanted, SKIP_SIGNATURE) or number == 0 and sent is None:
                raise Refused("Function call is missing a thought_signature in functionCall parts. "
                              "This is required for tools to work correctly.", "messages")
