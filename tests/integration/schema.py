"""Whether a Response object fits ResponseResource of the Open Responses specification.

The specification's openapi.json is not part of this tree: $OPENRESPONSES_SCHEMA names it, else it is
looked for beside the tree.
"""

import copy
import functools
import json
import os

from harness import TOP

PATH = os.environ.get(
    "OPENRESPONSES_SCHEMA", str(TOP.parent / "shared" / "openresponses" / "openapi.json"))


def skip_reason():
    """Why nothing can be checked here; None if it can be."""
    try:
        import jsonschema  # noqa: F401
    except ImportError:
        return "no jsonschema for this Python: install python3-jsonschema"
    if not os.path.exists(PATH):
        return f"no Open Responses specification at {PATH}; set OPENRESPONSES_SCHEMA"
    return None


@functools.lru_cache
def _components():
    with open(PATH, encoding="utf-8") as file:
        return json.load(file)["components"]


@functools.lru_cache(None)
def _validator(name):
    import jsonschema

    return jsonschema.Draft202012Validator(
        {"$ref": f"#/components/schemas/{name}", "components": _components()})


def _words(name):
    return _components()["schemas"][name]["enum"]


def _types(name):
    """The values of "type" in a union of schemas."""
    schemas = _components()["schemas"]
    names = [part["$ref"].rpartition("/")[2] for part in schemas[name].get("oneOf", [])]
    return [schemas[part]["properties"]["type"]["enum"][0] for part in names]


def _is_further(value, known):
    return isinstance(value, dict) and isinstance(value.get("type"), str) and (
        value["type"] not in known)


def without_further(object):
    """The object without what is outside the specification and allowed beside it."""
    object = copy.deepcopy(object)
    object["tools"] = [tool for tool in object["tools"] if not _is_further(tool, ["function"])]
    object["output"] = [
        item for item in object["output"] if not _is_further(item, _types("ItemField"))]
    choice = object["tool_choice"]
    if _is_further(choice, ["function", "allowed_tools"]):
        object["tool_choice"] = "auto"
    elif isinstance(choice, dict) and isinstance(choice.get("tools"), list):
        choice["tools"] = [tool for tool in choice["tools"] if not _is_further(tool, ["function"])]
    if _is_further(object["text"].get("format"), ["text", "json_object", "json_schema"]):
        object["text"]["format"] = {"type": "text"}
    reasoning = object["reasoning"]
    if isinstance(reasoning, dict) and isinstance(reasoning.get("effort"), str) and (
            reasoning["effort"] not in _words("ReasoningEffortEnum")):
        reasoning["effort"] = None
    return object


def misfits(object):
    """What does not fit, a line each."""
    return [f"{'/'.join(map(str, error.absolute_path))}: {error.message[:300]}"
            for error in _validator("ResponseResource").iter_errors(without_further(object))]


@functools.lru_cache
def _event_schemas():
    """The name of each event's schema by the event's type."""
    return {schema["properties"]["type"]["enum"][0]: name
            for name, schema in _components()["schemas"].items()
            if name.endswith("StreamingEvent")}


def event_misfits(event):
    """
    What of an event does not fit its schema, a line each. Of events and of items that are outside
    the specification nothing is asked.
    """
    name = _event_schemas().get(event["type"])
    if name is None or _is_further(event.get("item"), _types("ItemField")):
        return []
    if "response" in event:
        event = {**event, "response": without_further(event["response"])}
    return [f"{event['type']}: {'/'.join(map(str, error.absolute_path))}: {error.message[:300]}"
            for error in _validator(name).iter_errors(event)]


def assert_fits(object):
    found = misfits(object)
    assert not found, "\n".join(found)
