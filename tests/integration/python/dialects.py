"""A client of the Responses API that does not know what its models' providers speak."""

import concurrent.futures
import time
import traceback

import openai
from pydantic import BaseModel

ENDS = ("response.completed", "response.incomplete", "response.failed")


class Weather(BaseModel):
    city: str
    degrees: int


class Lookup(BaseModel):
    """The weather of a city."""

    city: str


def everything(client, about):
    """about: models, by dialect and feature. So are the results."""
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        begun = {(dialect, feature): pool.submit(_one, client, feature, model)
                 for dialect, models in about.items() for feature, model in models.items()}
        results = {}
        for (dialect, feature), one in begun.items():
            results.setdefault(dialect, {})[feature] = one.result()
        return results


def _one(client, feature, model):
    try:
        return FEATURES.get(feature, in_each_way)(client, {"model": model, "input": "Hello"})
    except Exception:
        return {"broken": traceback.format_exc()}


def in_each_way(client, request):
    return {
        "streamed": _seen(lambda: _stream(client, request)),
        "whole": _seen(lambda: client.responses.create(**request)),
        "polled": _seen(lambda: _poll(client, client.responses.create(**request, background=True))),
    }


def _seen(call):
    """The response, or the error as a program can tell it that catches it by its class."""
    try:
        response = call()
    except openai.APIStatusError as error:
        return {"raised": type(error).__name__, "status": error.status_code, "code": error.code,
                "message": error.message}
    except openai.APIError as error:
        return {"raised": type(error).__name__, "message": error.message}
    return _object(response)


def _object(response):
    return {**response.to_dict(mode="json"), "output_text": response.output_text}


def _stream(client, request):
    """The response of the terminal event, of whatever kind it is."""
    last = None
    with client.responses.stream(**request) as stream:
        for event in stream:
            if event.type in ENDS:
                last = event.response
    return last


def _poll(client, response):
    while response.status in ("queued", "in_progress"):
        time.sleep(0.05)
        response = client.responses.retrieve(response.id)
    return response


def structured(client, request):
    """By the helpers."""
    with client.responses.stream(**request, text_format=Weather) as stream:
        streamed = stream.get_final_response()
    whole = client.responses.parse(**request, text_format=Weather)
    return {"streamed": streamed.output_parsed.model_dump(),
            "whole": whole.output_parsed.model_dump(), "text": whole.output_text}


def calls(client, request):
    """Two turns: the calls go back as they came, with their outputs."""
    tools = [openai.pydantic_function_tool(Lookup, name="lookup")]
    thinks = {"reasoning": {"effort": "low"}, "include": ["reasoning.encrypted_content"]}
    with client.responses.stream(**request, **thinks, tools=tools) as stream:
        first = stream.get_final_response()
    parsed, history = [], [{"role": "user", "content": "Hello"}, *first.output]
    for item in first.output:
        if item.type == "function_call":
            parsed.append(item.parsed_arguments.model_dump())
            history.append({"type": "function_call_output", "call_id": item.call_id,
                            "output": f"12 degrees in {item.parsed_arguments.city}"})
    second = client.responses.parse(
        model=request["model"], input=history, tools=tools, **thinks)
    return {"parsed": parsed, "first": _object(first), "second": _object(second)}


def parts(client, request):
    """An image and a file go in."""
    pixel = ("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAA"
             "AABJRU5ErkJggg==")
    content = [
        {"type": "input_text", "text": "What is this?"},
        {"type": "input_image", "image_url": f"data:image/png;base64,{pixel}", "detail": "auto"},
        {"type": "input_file", "filename": "a.pdf",
         "file_data": "data:application/pdf;base64,JVBERi0xLjQKJSVFT0YK"}]
    return _object(client.responses.create(
        model=request["model"], input=[{"role": "user", "content": content}]))


def cancel(client, request):
    created = client.responses.create(**request, background=True)
    deadline = time.monotonic() + 10
    while not client.responses.retrieve(created.id).output and time.monotonic() < deadline:
        time.sleep(0.05)
    return {"cancelled": _object(client.responses.cancel(created.id)),
            "retrieved": _object(client.responses.retrieve(created.id))}


FEATURES = {"structured": structured, "structured_as_tool": structured, "calls": calls,
            "parts": parts, "cancel": cancel}
