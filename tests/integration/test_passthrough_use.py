"""What is noted of the use of requests that are passed through."""

from passing import EventReader, answer, event, response_object, streaming
from passing_limits import STACK  # noqa: F401  (what the stack is)
from passing_limits import COST, EMBEDDINGS, USAGE, await_use, create
from passing_limits import as_tenant  # noqa: F401  (a fixture)
from test_chat_passthrough import CHAT, DONE, data
from three_dialects import Answer
from upstream import Gate, Script, json_error

CHAT_USAGE = {"prompt_tokens": 5, "completion_tokens": 7, "total_tokens": 12}


def test_use_of_a_stream_is_what_its_last_event_tells(stack, as_tenant, model):
    last = {"type": "response.completed", "response": response_object(
        usage=USAGE, metadata={f"k{n}": '"usage":{"input_tokens":1}' * 15 for n in range(16)})}
    stack.upstream.script(model, [event(n) for n in range(50)] + [last])
    with streaming(as_tenant("streams"), model) as reader:
        assert reader.rest()[-1] == last
    await_use(stack, "streams", [1, 0, 0, 12, 30, 0])


def test_use_of_chat_completions_is_counted_as_well(stack, as_tenant, model):
    client = as_tenant("talker")
    stack.upstream.script(model, answer({"choices": [], "usage": CHAT_USAGE}))
    assert create(client, model, CHAT).status == 200
    await_use(stack, "talker", [1, 0, 0, 5, 7, 0])
    stack.upstream.script(model, [
        data({"choices": [{"delta": {"content": "x"}}], "usage": None}),
        data({"choices": [], "usage": CHAT_USAGE}), DONE])
    body = {"model": model, "messages": [], "stream": True}
    reader = EventReader(client, body, CHAT)
    assert reader.rest()[-1] == "[DONE]"
    reader.close()
    await_use(stack, "talker", [2, 0, 0, 10, 14, 0])
    stack.upstream.script(model, answer({"data": [], "usage": {"prompt_tokens": 9}}))
    assert create(client, model, EMBEDDINGS).status == 200
    await_use(stack, "talker", [3, 0, 0, 19, 14, 0])


def test_use_of_a_translated_answer_is_what_was_made_of_it(stack, as_tenant):
    stack.upstream.script("chat", [
        data({"choices": [
            {"index": 0, "delta": {"content": "x"}, "finish_reason": "stop"}]}),
        data({"choices": [], "usage": CHAT_USAGE}), DONE])
    reply = create(as_tenant("translated"), "chat")
    assert reply.json()["usage"]["input_tokens"] == 5
    await_use(stack, "translated", [1, 0, 0, 5, 7, 0], "chat")


def test_use_of_a_translated_answer_is_what_was_told_before_its_client_left(stack, as_tenant):
    stack.upstream.script("messages", Answer(("text", "begun"), end="never").streamed("messages"))
    with streaming(as_tenant("impatient"), "messages") as reader:
        while "delta" not in reader.next():
            pass
    await_use(stack, "impatient", [1, 0, 1, 12, 1, 13 * COST], "messages")


def test_answer_that_is_compressed_counts_without_tokens(stack, as_tenant, model):
    stack.upstream.script(model, Script([b"\x1f\x8b\x08 no gzip"], 200, {
        "Content-Type": "application/json", "Content-Encoding": "gzip"}))
    assert create(as_tenant("packed"), model).status == 200
    await_use(stack, "packed", [1, 0, 0, 0, 0, 0])


def test_errors_count_as_failed(stack, as_tenant, model):
    client = as_tenant("unlucky")
    stack.upstream.script(model, json_error(400, {"error": {"message": "no"}}))
    assert create(client, model).status == 400
    stack.upstream.script(model, [event(0), {"type": "response.failed", "response": {
        **response_object(usage=USAGE), "status": "failed"}}])
    with streaming(client, model) as reader:
        reader.rest()
    await_use(stack, "unlucky", [2, 2, 0, 12, 30, 0])


def test_request_whose_client_leaves_counts_as_cancelled(stack, as_tenant, model):
    stack.upstream.script(model, [event(0), Gate()])
    with streaming(as_tenant("leaver"), model) as reader:
        reader.next()
    await_use(stack, "leaver", [1, 0, 1, 0, 0, 0])
    assert stack.upstream.wait_request(model).peer_closed.wait(5)
