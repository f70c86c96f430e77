"""Whether requests, events and objects fit the types of the SDKs of OpenAI and Anthropic.

Of what does not fit, a line each: where, and what is wrong.
"""

import sys
import typing

# pydantic looks into what is iterable only when somebody does so.
typing.Iterable = typing.List

import typing_extensions  # noqa: E402
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError  # noqa: E402

STRICT = ConfigDict(extra="forbid", arbitrary_types_allowed=True)


def _strict(package):
    """
    Has its types refuse members that they do not have. Those of requests allow what was answered in
    the place of what can be asked, so the types of answers are strict as well.
    """
    for name in [name for name in sys.modules if name.startswith(f"{package}.")]:
        for value in vars(sys.modules[name]).values():
            if not isinstance(value, type):
                continue
            if typing_extensions.is_typeddict(value):
                value.__pydantic_config__ = STRICT
            elif issubclass(value, BaseModel):
                value.model_config["extra"] = "forbid"


def _misfits(adapter, value):
    try:
        adapter.validate_python(value)
    except ValidationError as error:
        return [f"{'/'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()]
    return []


def _each(adapter, values):
    return {name: found for name, value in values.items() if (found := _misfits(adapter, value))}


def _chat_requests(requests):
    from openai.types.chat.completion_create_params import CompletionCreateParamsStreaming

    _strict("openai.types")
    return _each(TypeAdapter(CompletionCreateParamsStreaming), requests)


def _messages_requests(requests):
    from anthropic.types.message_create_params import MessageCreateParamsStreaming

    _strict("anthropic.types")
    return {
        "misfits": _each(TypeAdapter(MessageCreateParamsStreaming), requests),
        "members": sorted(MessageCreateParamsStreaming.__annotations__),
    }


class _Events:
    """A union of events, by their types: its own errors would be about each of them."""

    def __init__(self, union):
        self.adapters = {}
        for event in self._members(union):
            for name in typing.get_args(event.model_fields["type"].annotation):
                self.adapters[name] = TypeAdapter(event)

    def _members(self, union):
        if isinstance(union, type):
            return [union]
        if typing.get_origin(union) is typing.Annotated:
            return self._members(typing.get_args(union)[0])
        return [one for member in typing.get_args(union) for one in self._members(member)]

    def misfits(self, event):
        name = event.get("type")
        if name not in self.adapters:
            return [f"type: no event is called {name}"]
        return [f"{name}: {found}" for found in _misfits(self.adapters[name], event)]


def _each_stream(events, streams):
    faults = {}
    for name, stream in streams.items():
        found = [fault for event in stream for fault in events.misfits(event)]
        if found:
            faults[name] = found
    return faults


def _messages_events(streams):
    from anthropic.types.beta import BetaRawMessageStreamEvent

    return _each_stream(_Events(BetaRawMessageStreamEvent), streams)


def _messages_objects(objects):
    from anthropic.types.beta import BetaMessage

    return _each(TypeAdapter(BetaMessage), objects)


def _further(value):
    """Members that the types lack."""
    if isinstance(value, BaseModel):
        found = {f"{type(value).__name__}.{name}" for name in value.model_extra or {}}
        return found.union(*(_further(one) for _, one in value))
    if isinstance(value, list):
        return set().union(*map(_further, value))
    return set()


def _responses_events(streams):
    from openai.types.responses import ResponseStreamEvent

    events, further = _Events(ResponseStreamEvent), {}
    for name, stream in streams.items():
        for event in stream:
            if not events.misfits(event):
                for member in _further(events.adapters[event["type"]].validate_python(event)):
                    further.setdefault(member, name)
    return {"misfits": _each_stream(events, streams), "further": further}


def openai(_, about):
    events = _responses_events(about["responses_events"])  # before the types are strict
    return {"responses_events": events, "chat_requests": _chat_requests(about["chat_requests"])}


def anthropic(_, about):
    return {"messages_requests": _messages_requests(about["messages_requests"]),
            "messages_events": _messages_events(about["messages_events"]),
            "messages_objects": _messages_objects(about["messages_objects"])}
