"""Streams of the Responses API that are no good ones, as providers may send them all the same."""

from events import completed, delta, message_item, message_stream, opening, text_part

AT = {"output_index": 0, "content_index": 0}
CALL = {"id": "fc_1", "type": "function_call", "status": "in_progress", "call_id": "call_1",
        "name": "f", "arguments": ""}
REPLACED = "another text in done"
SLOPPY = {
    "deltas alone": [
        {"type": "response.output_text.delta", **AT, "delta": "a"},
        {"type": "response.output_text.delta", **AT, "delta": "b"}, completed()],
    "no done events": [*opening(), delta("a"), delta("b"), completed()],
    "no terminal event": [*opening(), delta("a"), delta("b"), b"data: [DONE]\n\n"],
    "unannounced parts": [
        *opening()[:3], delta("a"), delta("b"), completed()],
    "numbers at random": [
        {**event, "sequence_number": 17 * number % 5}
        for number, event in enumerate(message_stream(["a", "b"]))],
    "no numbers": [
        {name: value for name, value in event.items() if name != "sequence_number"}
        for event in message_stream(["a", "b"])],
    "index from 1": [
        {**event, "output_index": 1} if "output_index" in event else event
        for event in message_stream(["a", "b"])],
    "unknown events": [
        {"type": "response.private"}, *opening(), {"type": "response.private.delta", "delta": "x"},
        delta("a"), {"type": "keepalive", "sequence_number": 3}, b": comment\n\n", delta("b"),
        {"type": "response.queued", "response": {}}, completed()],
    "announced twice": [*opening(), *opening()[2:], delta("a"), delta("b"), completed()],
    "created twice": [*opening(), *opening()[:2], delta("a"), delta("b"), completed()],
    "item as a whole": [
        *opening()[:2], {"type": "response.output_item.done", "output_index": 0,
                         "item": message_item("msg_1", "completed", [text_part("ab")])},
        completed()],
    "terminal event alone": [
        completed([message_item("msg_1", "completed", [text_part("ab")])])],
    "empty deltas": [*opening(), delta(""), delta("a"), delta(""), delta("b"), completed()],
    "text done alone": [
        *opening(), {"type": "response.output_text.done", "item_id": "msg_1", **AT, "text": "ab"},
        completed()],
    REPLACED: [
        *opening(), delta("x"),
        {"type": "response.output_text.done", "item_id": "msg_1", **AT, "text": "ab"},
        completed()],
    "delta after done": [*message_stream(["ab"])[:-1], completed()],
    "ids that change": [
        *opening(), delta("a", "msg_2"), delta("b", "msg_3"), completed()],
    "missing ids": [
        {"type": "response.output_item.added", "output_index": 0, "item": {
            "type": "message", "role": "assistant", "status": "in_progress", "content": []}},
        {"type": "response.output_text.delta", **AT, "delta": "a"},
        {"type": "response.output_text.delta", **AT, "delta": "b"}, completed()],
    "nothing": [{"type": "response.created", "response": {}}, completed()],
    "call named at last": [
        {"type": "response.output_item.added", "output_index": 0,
         "item": {**CALL, "name": "", "call_id": ""}},
        {"type": "response.function_call_arguments.delta", "item_id": "fc_1", "output_index": 0,
         "delta": "{}"},
        {"type": "response.output_item.done", "output_index": 0,
         "item": {**CALL, "status": "completed", "arguments": "{}"}}, completed()],
    "one call_id twice": [
        *({"type": "response.output_item.added", "output_index": index,
           "item": {**CALL, "id": f"fc_{index}"}} for index in range(2)),
        *({"type": "response.output_item.done", "output_index": index,
           "item": {**CALL, "id": f"fc_{index}", "status": "completed", "arguments": "{}"}}
          for index in range(2)), completed()],
    "call_id that changes": [
        {"type": "response.output_item.added", "output_index": 0, "item": CALL},
        {"type": "response.output_item.done", "output_index": 0, "item": {
            **CALL, "status": "completed", "arguments": "{}", "call_id": "call_9"}}, completed()],
    "terminal event alone, without ids": [completed([
        {"type": "message", "status": "completed", "role": "assistant",
         "content": [text_part("ab")]}])],
}
SLOPPY_TEXTS = {"nothing": "", "call named at last": "", "one call_id twice": "",
                "call_id that changes": ""}
