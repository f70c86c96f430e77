"""A provider that reads what it is asked, and answers as OpenAI does, or as Anthropic.

It serves Responses, Conversations, Chat Completions, Embeddings and Messages, whole and streamed.
It calls the first of the tools that it is offered, and once it has the outputs, says what is in
them; to a request without tools it says what users have said so far. So an answer shows that all
of a client's request has arrived. What the real ones refuse is refused.
"""

import base64
import itertools
import json
import struct

import strict_chat
import strict_messages
from events import PROVIDER_ID
from harness import PROVIDER_KEY
from three_dialects import Answer, events_of
from upstream import Script, Upstream, event_bytes, json_error

RESPONSES_MEMBERS = set("""
    background context_management conversation include input instructions max_output_tokens
    max_tool_calls metadata model parallel_tool_calls previous_response_id prompt prompt_cache_key
    prompt_cache_retention reasoning safety_identifier service_tier store stream stream_options
    temperature text tool_choice tools top_logprobs top_p truncation user""".split())
EMBEDDING_MEMBERS = {"input", "model", "dimensions", "encoding_format", "user"}
COUNTED_MEMBERS = {"model", "input", "instructions", "tools", "tool_choice", "text", "reasoning",
                   "conversation", "previous_response_id", "parallel_tool_calls", "truncation"}
COMPACTED_MEMBERS = {"model", "input", "instructions", "previous_response_id"}
WEATHER = '{"city":"Ulm","degrees":12}'
REASONING = "Hm, well."
# As three_dialects signs it.
SIGNED = {"c2ln": REASONING}
COMPACTED = "gAAAAcompacted"


class Refused(Exception):
    """The request is refused, with this message."""

    def __init__(self, message, param=None, code=None, status=400):
        super().__init__(message)
        self.status = status
        self.error = {"message": message, "type": "invalid_request_error", "param": param,
                      "code": code}


class Asked:
    """What a request asks for, in whatever API."""

    def __init__(self, texts=(), outputs=(), tools=(), structured=False, reasons=False):
        self.texts = texts  # of the users, of all turns
        self.outputs = outputs  # of the tools that were called since the last of them
        self.tools = tools  # names
        self.structured = structured
        self.reasons = reasons

    def answer(self, number):
        reasoning = [("reasoning", REASONING)] if self.reasons else []
        if self.tools and not self.outputs:
            return Answer(*reasoning, ("text", "Let me see."),
                          ("call", f"call_{number}", self.tools[0], '{"city":"Ulm"}'))
        if self.structured:
            return Answer(*reasoning, ("text", WEATHER))
        said = (f"The tool says: {', '.join(self.outputs)}." if self.outputs
                else f"You said: {', '.join(self.texts)}.")
        return Answer(*reasoning, ("text", said))


class Answering(Upstream):
    """
    A path may begin with an account's name. Reasoning that is encrypted for one account cannot be
    read by another. To requests of the account "broken", the server has an error.
    """

    def __init__(self):
        super().__init__()
        self.root = f"http://127.0.0.1:{self.port}"
        self.numbers = itertools.count(1)
        self.responses = {}  # what a response ends with: all items up to it
        self.items = {}
        self.conversations = {}

    def _script_for(self, exchange):
        with self.lock:
            self.exchanges.append(exchange)
            self.lock.notify_all()
            try:
                return self._answer(exchange)
            except Refused as refused:
                return json_error(refused.status, {"error": refused.error})
            except strict_messages.Refused as refused:
                return json_error(400, {"type": "error", "error": {
                    "type": "invalid_request_error", "message": str(refused)}})
            except strict_chat.Refused as refused:
                return json_error(refused.status, {"error": {
                    "message": str(refused), "type": "invalid_request_error",
                    "param": refused.param, "code": refused.code}})

    def _answer(self, exchange):
        account, _, rest = exchange.path.partition("?")[0].partition("/v1/")
        path = f"/v1/{rest}"
        if account == "/broken":
            raise Refused("The server had an error", status=500)
        _check_key(exchange)
        routes = {"/v1/responses": self._responses, "/v1/chat/completions": self._chat,
                  "/v1/messages": self._messages, "/v1/embeddings": _embeddings,
                  "/v1/responses/input_tokens": self._input_tokens,
                  "/v1/responses/compact": self._compact}
        if exchange.method == "POST" and path in routes:
            return routes[path](exchange.json(), account)
        if path.startswith("/v1/conversations"):
            return self._conversations(exchange, path.split("/")[3:])
        raise Refused(f"Invalid URL ({exchange.method} {path})", status=404)

    # Responses.

    def _responses(self, body, account):
        _only(body, RESPONSES_MEMBERS)
        items = self._items_of(body)
        _check_reasoning(items, account)
        number = next(self.numbers)
        asked = _asked_in_items(items, body)
        events = _renamed(events_of(asked.answer(number)), number, body, account)
        response = events[-1]["response"]
        self._remember(response, body, items)
        if body.get("stream"):
            return Script([b"".join(map(event_bytes, events))])
        return json_error(200, response)

    def _items_of(self, body):
        """All that the input stands for."""
        previous, conversation = body.get("previous_response_id"), _conversation_of(body)
        earlier = []
        if previous is not None:
            if previous not in self.responses:
                raise Refused(f"Previous response with id '{previous}' not found.",
                              "previous_response_id", "previous_response_not_found")
            earlier = self.responses[previous]
        if conversation is not None:
            earlier = self._conversation(conversation)
        items = earlier + [self._resolved(item) for item in _as_items(body["input"])]
        _check_calls(items)
        return items

    def _resolved(self, item):
        if item["type"] != "item_reference":
            return item
        if item["id"] not in self.items:
            raise Refused(f"Item with id '{item['id']}' not found.", "input")
        return self.items[item["id"]]

    def _remember(self, response, body, items):
        output = response["output"]
        self.responses[response["id"]] = items + output
        self.items.update({item["id"]: item for item in output})
        if _conversation_of(body) is not None:
            self.conversations[_conversation_of(body)] = self._named(items + output)

    def _input_tokens(self, body, account):
        _only(body, COUNTED_MEMBERS)
        words = " ".join(_asked_in_items(self._items_of(body), {}).texts).split()
        return json_error(200, {"object": "response.input_tokens", "input_tokens": len(words)})

    def _compact(self, body, account):
        _only(body, COMPACTED_MEMBERS)
        self._items_of(body)
        return json_error(200, {
            "id": f"resp_{next(self.numbers):048x}", "object": "response.compaction",
            "created_at": 1700000000, "usage": {"input_tokens": 1, "output_tokens": 1,
                                                "total_tokens": 2},
            "output": [{"id": "cmp_1", "type": "compaction", "encrypted_content": COMPACTED}]})

    # Conversations.

    def _conversation(self, name):
        if name not in self.conversations:
            raise Refused(f"Conversation with id '{name}' not found.", status=404)
        return self.conversations[name]

    def _named(self, items):
        for item in items:
            item.setdefault("id", f"msg_{next(self.numbers):048x}")
            if isinstance(item.get("content"), str):
                item["content"] = [{"type": "input_text", "text": item["content"]}]
        return items

    def _conversations(self, exchange, names):
        if not names:
            return self._new_conversation(exchange.json())
        items = self._conversation(names[0])
        if names[1:2] == ["items"]:
            return self._conversation_items(exchange, names[0], items)
        if exchange.method == "DELETE":
            del self.conversations[names[0]]
            return json_error(200, {"id": names[0], "object": "conversation.deleted",
                                    "deleted": True})
        return json_error(200, _conversation_object(names[0]))

    def _new_conversation(self, body):
        _only(body, {"items", "metadata"})
        name = f"conv_{next(self.numbers):048x}"
        self.conversations[name] = self._named(_as_items(body.get("items") or []))
        return json_error(200, _conversation_object(name))

    def _conversation_items(self, exchange, name, items):
        if exchange.method == "POST":
            items = self._named(_as_items(exchange.json()["items"]))
            self.conversations[name] += items
        elif "order=asc" not in exchange.path:
            items = items[::-1]
        return json_error(200, {
            "object": "list", "data": items, "has_more": False,
            "first_id": items[0]["id"] if items else None,
            "last_id": items[-1]["id"] if items else None})

    # Chat Completions and Messages.

    def _chat(self, body, account):
        mode = "reasoning" if "reasoning_effort" in body else "openai"
        strict_chat.check(_as_checked(body), strict_chat.MODES[mode], strict_chat.Given())
        answer = _asked_in_chat(body).answer(next(self.numbers))
        if body.get("stream"):
            return answer.streamed("chat")
        return json_error(200, _completion(answer, body["model"]))

    def _messages(self, body, account):
        strict_messages.check(body, SIGNED, ())
        return _asked_in_messages(body).answer(next(self.numbers)).streamed("messages")


def _check_key(exchange):
    """Neither API takes a key that is another's."""
    given = {exchange.header("x-api-key"), exchange.header("authorization")} - {None}
    if not given or given - {PROVIDER_KEY, f"Bearer {PROVIDER_KEY}"}:
        raise Refused("Incorrect API key provided.", code="invalid_api_key", status=401)


def _only(body, members):
    for name in body:
        if name not in members:
            raise Refused(f"Unknown parameter: '{name}'.", name, "unknown_parameter")


def _as_items(value):
    if isinstance(value, str):
        value = [{"role": "user", "content": value}]
    return [{"type": "message", **item} for item in value]


def _conversation_of(body):
    conversation = body.get("conversation")
    return conversation["id"] if isinstance(conversation, dict) else conversation


def _conversation_object(name):
    return {"id": name, "object": "conversation", "created_at": 1700000000, "metadata": {}}


def _renamed(events, number, body, account):
    """The events with names of their own, and with encrypted reasoning if the request wants it."""
    text = json.dumps(events)
    for old, new in {PROVIDER_ID: f"resp_{number:048x}", '"msg_1"': f'"msg_{number:048x}"',
                     '"rs_1"': f'"rs_{number:048x}"', "upstream-model": body["model"]}.items():
        text = text.replace(old, new)
    if "reasoning.encrypted_content" in (body.get("include") or []):
        text = text.replace('"type": "reasoning", ', '"type": "reasoning", "encrypted_content": '
                            f'"{_encrypted(account)}", ')
    return json.loads(text)


def _encrypted(account):
    return "gAAAA" + base64.b64encode(f"{REASONING}{account}".encode()).decode()


def _check_reasoning(items, account):
    for item in items:
        if item.get("encrypted_content") not in (None, _encrypted(account)):
            raise Refused("The encrypted content could not be verified.", "input",
                          "invalid_encrypted_content")


def _check_calls(items):
    """Each output is one of a call, and each call has one."""
    calls = [item["call_id"] for item in items if item["type"] == "function_call"]
    outputs = [item["call_id"] for item in items if item["type"] == "function_call_output"]
    for call_id in outputs:
        if call_id not in calls:
            raise Refused("No tool call found for function call output with call_id "
                          f"{call_id}.", "input")
    for call_id in calls:
        if call_id not in outputs:
            raise Refused(f"No tool output found for function call {call_id}.", "input")


def _text(content, kinds=("input_text", "text")):
    if isinstance(content, str):
        return content
    return "".join(part["text"] for part in content if part["type"] in kinds)


def _asked_in_items(items, body):
    texts, outputs = [], []
    for item in items:
        if item["type"] == "function_call_output":
            outputs.append(_text(item["output"]))
        elif item.get("role") == "user":
            texts.append(_text(item["content"]))
            outputs = []
    tools = [tool["name"] for tool in body.get("tools") or [] if tool["type"] == "function"]
    form = (body.get("text") or {}).get("format") or {}
    return Asked(texts, outputs, tools, form.get("type") == "json_schema",
                 bool((body.get("reasoning") or {}).get("effort")))


def _as_checked(body):
    """
    The request without what clients send and OpenAI takes no notice of. Those that the check knows
    are streams.
    """
    messages = []
    for message in body["messages"]:
        if message["role"] == "tool":
            message = {name: value for name, value in message.items() if name != "name"}
        elif message["role"] == "assistant" and isinstance(message.get("content"), list):
            message = {**message, "content": [
                {name: part[name] for name in ("type", part["type"])}
                for part in message["content"]]}
        messages.append(message)
    return {**body, "messages": messages, "stream": True}


def _asked_in_chat(body):
    texts, outputs = [], []
    for message in body["messages"]:
        if message["role"] == "tool":
            outputs.append(_text(message["content"]))
        elif message["role"] == "user":
            texts.append(_text(message["content"]))
            outputs = []
    tools = [tool["function"]["name"] for tool in body.get("tools") or []]
    form = body.get("response_format") or {}
    return Asked(texts, outputs, tools, form.get("type") == "json_schema",
                 "reasoning_effort" in body)


def _asked_in_messages(body):
    texts, outputs = [], []
    for message in body["messages"]:
        if message["role"] != "user":
            continue
        content = message["content"]
        results = [block for block in content if block["type"] == "tool_result"] \
            if isinstance(content, list) else []
        if results:
            outputs += [_text(result["content"]) for result in results]
        else:
            texts.append(_text(content))
            outputs = []
    form = (body.get("output_config") or {}).get("format")
    thinking = (body.get("thinking") or {}).get("type")
    return Asked(texts, outputs, [tool["name"] for tool in body.get("tools") or []], bool(form),
                 thinking in ("enabled", "adaptive"))


def _completion(answer, model):
    message = {"role": "assistant", "content": None, "refusal": None}
    for kind, *values in answer.pieces:
        if kind == "text":
            message["content"] = values[0]
        elif kind == "call":
            call_id, name, arguments = values
            message.setdefault("tool_calls", []).append({
                "id": call_id, "type": "function",
                "function": {"name": name, "arguments": arguments}})
    finish = "tool_calls" if "tool_calls" in message else "stop"
    return {"id": "chatcmpl-1", "object": "chat.completion", "created": 1700000000, "model": model,
            "choices": [{"index": 0, "message": message, "finish_reason": finish,
                         "logprobs": None}],
            "usage": {"prompt_tokens": 12, "completion_tokens": 34, "total_tokens": 46}}


def vector_of(text):
    """What text is embedded as: numbers that base64 keeps exactly."""
    return [float(len(text)), 0.5, -0.25]


def _embeddings(body, account):
    _only(body, EMBEDDING_MEMBERS)
    texts = [body["input"]] if isinstance(body["input"], str) else body["input"]
    vectors = [vector_of(text) for text in texts]
    if body.get("encoding_format") == "base64":
        vectors = [base64.b64encode(struct.pack("<3f", *vector)).decode() for vector in vectors]
    return json_error(200, {
        "object": "list", "model": body["model"],
        "data": [{"object": "embedding", "index": index, "embedding": vector}
                 for index, vector in enumerate(vectors)],
        "usage": {"prompt_tokens": 7, "total_tokens": 7}})
