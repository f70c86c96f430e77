"""Background responses that are followed as streams, and taken up again."""

import time

from scenario import hear, say

ENDS = ("response.completed", "response.incomplete", "response.failed")


def _polled(client, response_id):
    while True:
        response = client.responses.retrieve(response_id)
        if response.status not in ("queued", "in_progress"):
            return response.to_dict(mode="json")
        time.sleep(0.05)


def createAndCut(client, request):
    """Iterates until the test says that it is enough, or to the end."""
    cut_at = request.pop("cut_at")
    events = []
    with client.responses.create(**request, background=True, stream=True) as stream:
        for event in stream:
            events.append(event.to_dict(mode="json"))
            if event.sequence_number == cut_at:
                break
    response_id, last = events[0]["response"]["id"], events[-1]["sequence_number"]
    say(response_id)
    hear()
    with client.responses.retrieve(response_id, stream=True, starting_after=last) as stream:
        events += [event.to_dict(mode="json") for event in stream]
    return {"events": events, "polled": _polled(client, response_id)}


def streamFromTheStart(client, request):
    """By the helper, from the start."""
    with client.responses.stream(**request, background=True) as stream:
        return _to_the_end(client, stream)


def streamOfAnother(client, request):
    """By the helper, of a response that exists."""
    after = {} if request["after"] is None else {"starting_after": request["after"]}
    with client.responses.stream(response_id=request["id"], **after) as stream:
        return _to_the_end(client, stream)


def _to_the_end(client, stream):
    seen = {"events": [], "last": None}
    response_id = None
    for event in stream:
        seen["events"].append([event.sequence_number, event.type])
        if event.type == "response.created":
            response_id = event.response.id
            say(response_id)
        if event.type in ENDS:
            seen["last"] = event.response.to_dict(mode="json")
            response_id = event.response.id
    try:
        final = stream.get_final_response().to_dict(mode="json")
    except RuntimeError as error:  # of all ends but response.completed
        final = str(error)
    return {**seen, "final": final, "polled": _polled(client, response_id)}
