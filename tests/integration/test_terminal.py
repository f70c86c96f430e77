"""How a stream ends, and what the response then is."""

import time

import pytest

from events import (Stream, completed, delta, message_item, message_stream, opening, text_part,
                    usage)
from harness import output_text
from upstream import Cut, Feed, Reset, Script, Sleep, event_bytes

DONE = b"data: [DONE]\n\n"
ERROR = {"type": "server_error", "message": "The model hit an error", "code": "model_error"}


def run(client, upstream, model, *scripts):
    upstream.script(model, *scripts)
    return client.wait_terminal(client.create(model)["id"], timeout=20)


def terminal(name, **response):
    return {"type": f"response.{name}", "response": response}


def test_response_failed_sets_failed_status_and_error(client, upstream, model):
    final = run(client, upstream, model, [
        {"type": "response.in_progress"},
        terminal("failed", id="resp_1", status="failed", error=ERROR, model="m", output=[]), DONE])
    assert final["status"] == "failed"
    assert final["error"] == ERROR
    assert final["completed_at"] is None


def test_response_incomplete_sets_incomplete_status_and_details(client, upstream, model):
    error = {"type": "incomplete_response", "message": "stopped early",
             "code": "max_output_tokens"}
    final = run(client, upstream, model, [
        {"type": "response.in_progress"},
        terminal("incomplete", id="resp_1", status="incomplete", error=error,
                 incomplete_details={"reason": "max_output_tokens"},
                 usage={"input_tokens": 10, "output_tokens": 4096}, model="m",
                 output=[{"id": "item_1", "type": "message"}]), DONE])
    assert final["status"] == "incomplete"
    assert final["error"] == error
    assert final["incomplete_details"] == {"reason": "max_output_tokens"}
    assert final["usage"] == {"input_tokens": 10, "output_tokens": 4096}
    assert final["output"] == [{"id": "item_1", "type": "message"}]


def test_response_cancelled_sets_cancelled_status(client, upstream, model):
    final = run(client, upstream, model, [
        {"type": "response.in_progress"},
        terminal("cancelled", id="resp_1", status="cancelled", model="m", output=[]), DONE])
    assert final["status"] == "cancelled"


def test_response_completed_sets_completed_status(client, upstream, model):
    final = run(client, upstream, model, [
        {"type": "response.in_progress"},
        terminal("completed", id="resp_1", status="completed", model="m",
                 usage={"input_tokens": 10, "output_tokens": 50},
                 output=[{"id": "item_1", "type": "message"}]), DONE])
    assert final["status"] == "completed"
    assert final["usage"] == {"input_tokens": 10, "output_tokens": 50}
    assert final["output"] == [{"id": "item_1", "type": "message"}]
    assert final["completed_at"] >= final["created_at"]


@pytest.mark.parametrize("name", ["completed", "failed", "incomplete", "cancelled"])
def test_fallback_status_derived_from_event_type_when_status_field_missing(
        client, upstream, model, name):
    final = run(client, upstream, model, [
        {"type": "response.in_progress"}, terminal(name, id="resp_1", model="m", output=[]), DONE])
    assert final["status"] == name


def test_no_terminal_event_defaults_to_completed(client, upstream, model):
    final = run(client, upstream, model, [{"type": "response.in_progress"}, DONE])
    assert final["status"] == "completed"
    assert final["completed_at"] >= final["created_at"]


def test_no_terminal_event_and_no_done_marker_is_completed(client, upstream, model):
    """If nothing was left open."""
    final = run(client, upstream, model, Stream().begin().message(["text"]).events)
    assert final["status"] == "completed"
    assert output_text(final) == "text"


def test_stream_that_ends_within_an_item_was_cut_off(client, upstream, model):
    final = run(client, upstream, model, [*opening(), delta("half")],
                [*opening(), delta("whole"), completed()])
    assert (final["status"], output_text(final)) == ("completed", "whole")
    assert len(upstream.requests(model)) == 2


def test_stream_that_ends_within_an_item_every_time_is_failed(client, upstream, model):
    final = run(client, upstream, model, [*opening(), delta("half")])
    assert (final["status"], final["error"]["code"]) == ("failed", "upstream_disconnected")
    assert [item["status"] for item in final["output"]] == ["incomplete"]
    assert len(upstream.requests(model)) == 2  # max_attempts


def test_done_within_an_item_is_completed(client, upstream, model):
    final = run(client, upstream, model, [*opening(), delta("text"), DONE])
    assert (final["status"], output_text(final)) == ("completed", "text")


def test_explicit_status_in_the_body_wins_over_the_event_name(client, upstream, model):
    final = run(client, upstream, model, [
        terminal("completed", status="incomplete",
                 incomplete_details={"reason": "content_filter"}, output=[])])
    assert final["status"] == "incomplete"
    assert final["incomplete_details"] == {"reason": "content_filter"}


def test_null_status_falls_back_to_the_event_name(client, upstream, model):
    final = run(client, upstream, model, [terminal("incomplete", status=None, output=[])])
    assert final["status"] == "incomplete"


def test_terminal_event_with_a_status_that_is_not_terminal_falls_back(client, upstream, model):
    final = run(client, upstream, model, [terminal("completed", status="in_progress", output=[])])
    assert final["status"] == "completed"


def test_terminal_event_without_a_body_is_its_name(client, upstream, model):
    final = run(client, upstream, model, [*opening(), delta("x"), {"type": "response.completed"}])
    assert final["status"] == "completed"
    assert output_text(final) == "x"


def test_error_event_sets_failed_status_and_error(client, upstream, model):
    final = run(client, upstream, model, [
        *opening(), delta("so far"),
        {"type": "error", "code": "rate_limit_exceeded", "message": "Slow \"down\"",
         "param": None, "sequence_number": 5}, DONE])
    assert final["status"] == "failed"
    assert final["error"]["code"] == "rate_limit_exceeded"
    assert final["error"]["message"] == "Slow \"down\""
    assert output_text(final) == "so far"


def test_error_event_that_nests_the_error_is_understood(client, upstream, model):
    final = run(client, upstream, model, [{"type": "error", "error": ERROR}])
    assert final["status"] == "failed"
    assert final["error"]["code"] == "model_error"
    assert final["error"]["message"] == ERROR["message"]


def test_error_in_a_stream_that_then_ends_means_failed(client, upstream, model):
    """An error without a terminal status: in the form in which gateways report it."""
    final = run(client, upstream, model, [
        *opening(), b'data: {"error":{"message":"upstream broke","code":"500"}}\n\n', DONE])
    assert final["status"] == "failed"
    assert final["error"]["message"] == "upstream broke"


def test_terminal_event_after_an_error_event_wins(client, upstream, model):
    final = run(client, upstream, model, [
        {"type": "error", "code": "c", "message": "m"},
        terminal("incomplete", status="incomplete", output=[],
                 incomplete_details={"reason": "max_output_tokens"})])
    assert final["status"] in ("incomplete", "failed")


def test_terminal_output_replaces_items_by_id_and_keeps_the_rest(client, upstream, model):
    final = run(client, upstream, model, [
        *opening("msg_1", 0), delta("a", "msg_1"),
        {"type": "response.output_item.added", "output_index": 1, "item": message_item("msg_2")},
        completed([message_item("msg_2", "completed", [text_part("two")]),
                   message_item("msg_3", "completed", [text_part("three")])])])
    assert [item["id"] for item in final["output"]] == ["msg_1", "msg_2", "msg_3"]
    assert output_text(final) == "atwothree"
    assert final["usage"] == usage()


def test_terminal_body_supplies_every_field_it_has(client, upstream, model):
    fields = {
        "usage": {"input_tokens": 10, "output_tokens": 50, "total_tokens": 60},
        "reasoning": {"effort": "medium"}, "tool_choice": {"type": "auto"},
        "tools": [{"type": "function", "function": {"name": "test"}}], "model": "gpt-4o",
        "instructions": "You are kind", "temperature": 0.7, "top_p": 0.9,
        "max_output_tokens": 1000, "previous_response_id": "resp_prev_123",
        "text": {"format": {"type": "text"}}, "truncation": "auto", "parallel_tool_calls": False,
        "user": "user_123", "store": False, "incomplete_details": {"reason": "max_output_tokens"},
        "service_tier": "priority", "metadata": {"k": "v"}, "top_logprobs": 4,
        "max_tool_calls": 2, "safety_identifier": "s", "prompt_cache_key": "p",
        "presence_penalty": 0.25, "frequency_penalty": -0.25,
    }
    final = run(client, upstream, model, [terminal("completed", status="completed", **fields)])
    assert {name: final[name] for name in fields} == fields


def test_second_life_of_a_response_joins_the_first(client, upstream, model):
    """The last terminal event says how it has ended."""
    second = [{**event, "output_index": 0} if "output_index" in event else event
              for event in Stream().begin().message(["answer"], "msg_9").events]
    final = run(client, upstream, model, [
        *message_stream(["question"]), *second,
        terminal("incomplete", status="incomplete", output=[],
                 incomplete_details={"reason": "max_output_tokens"}), DONE])
    assert final["status"] == "incomplete"
    assert [item["id"] for item in final["output"]] == ["msg_1", "msg_9"]
    assert output_text(final) == "questionanswer"


def test_second_life_that_is_cut_off_leaves_its_items_incomplete(client, upstream, model):
    final = run(client, upstream, model, [
        *message_stream(["whole"]), {"type": "response.created", "response": {}},
        {"type": "response.output_item.added", "output_index": 0, "item": message_item("msg_9")},
        delta("ha", "msg_9")])
    assert (final["status"], output_text(final)) == ("completed", "wholeha")
    assert [item["status"] for item in final["output"]] == ["completed", "incomplete"]


def test_last_terminal_event_holds(client, upstream, model):
    final = run(client, upstream, model, [
        *opening(), delta("x"), terminal("failed", status="failed", error=ERROR),
        terminal("completed", status="completed", output=[])])
    assert (final["status"], final["error"]) == ("completed", None)
    assert output_text(final) == "x"


def test_error_after_the_response_has_completed_changes_nothing(client, upstream, model):
    final = run(client, upstream, model,
                [*message_stream(["x"]), {"type": "error", "message": "late", "code": "c"}])
    assert (final["status"], final["error"]) == ("completed", None)


def test_error_after_a_failed_event_says_why(client, upstream, model):
    final = run(client, upstream, model, [
        *opening(), delta("x"), terminal("failed", status="failed", error=None),
        {"type": "error", "message": "filtered", "code": "content_filter", "param": None}])
    assert final["status"] == "failed"
    assert final["error"]["code"] == "content_filter"
    assert final["error"]["message"] == "filtered"


def test_failure_that_nothing_explains_says_so(client, upstream, model):
    final = run(client, upstream, model,
                [*opening(), delta("x"), terminal("failed", status="failed", error=None)])
    assert final["error"]["code"] == "server_error"
    assert "nothing says why" in final["error"]["message"]


def test_response_is_final_a_second_after_its_end_though_the_stream_stays_open(
        client, upstream, model):
    """And shows the whole text before."""
    feed = Feed()
    upstream.script(model, [feed])
    response_id = client.create(model)["id"]
    feed.send(*message_stream(["all of it"]))
    began = time.monotonic()
    seen = client.wait_for(response_id, lambda o: output_text(o) == "all of it", "the text")
    assert seen["status"] == "in_progress"
    for _ in range(4):
        feed.send({"type": "keepalive"})  # which is no news
    client.wait_status(response_id, "completed")
    assert 0.9 < time.monotonic() - began < 5
    feed.end()


def test_what_goes_on_after_the_end_is_shown(client, upstream, model):
    """However often it comes; and progress of nothing does not keep a response from its end."""
    feed = Feed()
    upstream.script(model, [feed])
    response_id = client.create(model)["id"]
    feed.send(*opening(), delta("a"), completed())
    for _ in range(60):
        feed.send(delta("b"), Sleep(20))
    client.wait_for(response_id, lambda o: o["status"] == "in_progress" and
                    20 < len(output_text(o)) < 60, "the text in between")
    for _ in range(30):
        feed.send({"type": "response.in_progress", "response": {}}, Sleep(300))
    began = time.monotonic()
    assert output_text(client.wait_status(response_id, "completed")) == "a" + "b" * 60
    assert time.monotonic() - began < 6
    feed.end()


def test_what_is_wrong_behind_the_end_does_not_matter(client, upstream, model):
    body = b"".join(event_bytes(event) for event in message_stream(["whole"]))
    trailers = b"".join(b"X-%d: %s\r\n" % (i, b"x" * 1000) for i in range(400))
    final = run(client, upstream, model, Script(
        [b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n"
         b"\r\n%x\r\n%s\r\n0\r\n%s\r\n" % (len(body), body, trailers)], framing="raw"))
    assert (final["status"], output_text(final)) == ("completed", "whole")


def test_events_after_done_change_nothing(client, stack, upstream, model):
    final = run(client, upstream, model, [*opening(), delta("x"), DONE, delta("more")])
    stack.wait_idle()
    assert (final["status"], output_text(final)) == ("completed", "x")


def test_terminal_event_counts_although_the_connection_breaks_then(client, upstream, model):
    final = run(client, upstream, model, [*opening(), delta("x"), completed(), Reset()])
    assert final["status"] == "completed"
    assert len(upstream.requests(model)) == 1


def test_broken_stream_is_run_again_from_the_start(client, upstream, model):
    final = run(client, upstream, model, [*opening(), delta("lost"), Cut()],
                [*opening(), delta("found"), completed()])
    assert final["status"] == "completed"
    assert output_text(final) == "found"
    assert [item["id"] for item in final["output"]] == ["msg_1"]
    assert len(upstream.requests(model)) == 2
    first, second = upstream.requests(model)
    assert first.body == second.body


def test_stream_that_breaks_every_time_is_failed(client, upstream, stack, model):
    final = run(client, upstream, model, [*opening(), delta("part"), Reset()])
    assert final["status"] == "failed"
    assert final["error"]["message"]
    assert len(upstream.requests(model)) == 2  # max_attempts
    stack.wait_idle()


def test_unframed_stream_without_a_terminal_event_is_not_completed(client, upstream, model):
    """The end of a connection is not the end of a stream: [DONE] or a terminal event is."""
    final = run(client, upstream, model, Script([*opening(), delta("x")], framing="close"))
    assert final["status"] == "failed"


def test_unframed_stream_with_a_terminal_event_is_completed(client, upstream, model):
    final = run(client, upstream, model,
                Script([*opening(), delta("x"), completed()], framing="close"))
    assert (final["status"], output_text(final)) == ("completed", "x")


def test_unframed_stream_with_done_is_completed(client, upstream, model):
    final = run(client, upstream, model, Script([*opening(), delta("x"), DONE], framing="close"))
    assert (final["status"], output_text(final)) == ("completed", "x")


@pytest.mark.parametrize("script", [
    [], [DONE], [b": nothing\n\n"], [b"data: hello\n\n", DONE], [{"type": "keepalive"}, DONE]],
    ids=["nothing", "done alone", "comment", "no event", "keepalive"])
def test_stream_without_an_event_is_no_answer(client, upstream, model, script):
    final = run(client, upstream, model, script, message_stream(["answer"]))
    assert (final["status"], output_text(final)) == ("completed", "answer")
    assert len(upstream.requests(model)) == 2


def test_stream_without_an_event_every_time_is_failed(client, upstream, model):
    final = run(client, upstream, model, [DONE])
    assert (final["status"], final["output"]) == ("failed", [])
    assert final["error"]["code"] == "invalid_provider_answer"
    assert len(upstream.requests(model)) == 2  # max_attempts


def test_responses_compatible_fields_survive_a_whole_stream(client, upstream, model):
    stream = Stream().begin().message(["x"]).completed()
    final = run(client, upstream, model, stream.events)
    assert final["model"] == "provider-model"
    assert final["usage"] == usage()
