"""Streams as OpenAI's SDK adds them up."""

ENDS = ("response.completed", "response.incomplete", "response.failed")


def each(client, requests):
    return {request["model"]: _one(client, request) for request in requests}


def _one(client, request):
    seen = {"snapshots": {}, "items": {}, "terminal": None, "last": None, "final": None,
            "outputText": None, "error": None}
    with client.responses.stream(**request) as stream:
        try:
            for event in stream:
                _take(seen, event)
            final = stream.get_final_response()
        except Exception as error:
            seen["error"] = f"{type(error).__name__}: {error}"
        else:
            seen["final"] = final.to_dict(mode="json")
            seen["outputText"] = final.output_text
    return seen


def _take(seen, event):
    if event.type in ("response.output_text.delta", "response.function_call_arguments.delta"):
        place = f"{event.output_index}/{getattr(event, 'content_index', '')}"
        seen["snapshots"][place] = event.snapshot
    elif event.type == "response.output_item.done":
        seen["items"][event.output_index] = event.item.to_dict(mode="json")
    elif event.type in ENDS:
        seen["terminal"] = event.type
        seen["last"] = event.response.to_dict(mode="json")
