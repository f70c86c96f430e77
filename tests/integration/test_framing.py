"""Server-sent events over the wire, in every framing that the standard allows."""

import json

import pytest

from events import completed, delta, message_stream, opening
from harness import output_text
from upstream import Script, event_bytes

TEXT = ["one ", "two\n", "thr€e"]


def whole(line_end="\n", name="data: "):
    """The bytes of a stream with these line ends."""
    out = []
    for event in message_stream(TEXT):
        data = json.dumps(event, ensure_ascii=False)
        out.append(f"event: {event['type']}{line_end}{name}{data}{line_end}{line_end}")
    return "".join(out).encode()


def split(data, size):
    return [data[i:i + size] for i in range(0, len(data), size)]


def check(client, upstream, model, steps, **options):
    upstream.script(model, Script(steps, **options))
    final = client.wait_terminal(client.create(model)["id"], timeout=20)
    assert final["status"] == "completed", final["error"]
    assert output_text(final) == "".join(TEXT)


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
@pytest.mark.parametrize("size", [1, 2, 7, 1000000])
def test_line_ends_split_anywhere(client, upstream, model, line_end, size):
    check(client, upstream, model, split(whole(line_end), size))


def test_mixed_line_ends(client, upstream, model):
    steps = []
    for number, event in enumerate(message_stream(TEXT)):
        end = ("\n", "\r\n", "\r")[number % 3]
        steps.append(event_bytes(event).replace(b"\n", end.encode()))
    check(client, upstream, model, steps)


def test_byte_order_mark_is_skipped(client, upstream, model):
    check(client, upstream, model, [b"\xef\xbb\xbf" + whole()])


def test_byte_order_mark_in_pieces_is_skipped(client, upstream, model):
    check(client, upstream, model, [b"\xef", b"\xbb", b"\xbf", whole()])


def test_no_blank_after_the_colon(client, upstream, model):
    check(client, upstream, model, [whole(name="data:")])


def test_two_blanks_after_the_colon(client, upstream, model):
    check(client, upstream, model, [whole(name="data:  ")])


def test_comments_and_keep_alives_are_skipped(client, upstream, model):
    steps = [b": hello\n\n"]
    for event in message_stream(TEXT):
        steps += [b":\n", b": keep-alive\n\n", event_bytes(event), b"\n\n\n"]
    check(client, upstream, model, steps)


def test_comment_within_an_event_is_skipped(client, upstream, model):
    check(client, upstream, model,
          [whole().replace(b"\ndata: ", b"\n: comment\nid: 7\nretry: 10\nunknown: x\ndata: ")])


def test_data_without_event_lines(client, upstream, model):
    check(client, upstream, model,
          [b"data: " + json.dumps(event).encode() + b"\n\n" for event in message_stream(TEXT)])


def test_event_name_of_the_frame_is_irrelevant(client, upstream, model):
    check(client, upstream, model,
          [b"event: message\ndata: " + json.dumps(event).encode() + b"\n\n"
           for event in message_stream(TEXT)])


def test_data_in_several_lines_is_joined(client, upstream, model):
    steps = []
    for event in message_stream(TEXT):
        lines = json.dumps(event, indent=2).split("\n")
        steps.append("".join(f"data: {line}\n" for line in lines).encode() + b"\n")
    check(client, upstream, model, steps)


def test_data_in_several_lines_split_bytewise(client, upstream, model):
    data = b"".join(
        "".join(f"data:{line}\r\n" for line in json.dumps(event, indent=1).split("\n")).encode()
        + b"\r\n" for event in message_stream(TEXT))
    check(client, upstream, model, split(data, 1))


def test_all_events_in_one_chunk_and_done_marker(client, upstream, model):
    check(client, upstream, model, [whole() + b"data: [DONE]\n\n"])


def test_done_marker_spelled_with_crlf_and_no_blank(client, upstream, model):
    check(client, upstream, model,
          [*opening(), *map(delta, TEXT), b"data:[DONE]\r\n\r\n"])


def test_last_event_without_its_blank_line_counts(client, upstream, model):
    check(client, upstream, model, [*opening(), *map(delta, TEXT),
                                    event_bytes(completed()).rstrip(b"\n") + b"\n"])


def test_last_event_without_its_line_end_counts(client, upstream, model):
    check(client, upstream, model, [*opening(), *map(delta, TEXT),
                                    event_bytes(completed()).rstrip(b"\n")])


def test_block_without_data_is_no_event(client, stack, model):
    before = stack.supervisor.stderr_size()
    check(client, stack.upstream, model, [b"event: x\n\n", b"id: 1\n: c\n\n", b"\n", whole()])
    assert "warning" not in stack.supervisor.stderr(before)


def test_body_that_ends_with_the_connection(client, upstream, model):
    check(client, upstream, model, [whole()], framing="close")


def test_content_type_with_parameters_and_odd_case(client, upstream, model):
    check(client, upstream, model, [whole()],
          headers={"Content-Type": "Text/Event-Stream;Charset=UTF-8"})


def test_long_event_in_small_pieces(client, upstream, model):
    text = "long " * 40000
    data = b"".join(event_bytes(event) for event in message_stream([text]))
    upstream.script(model, split(data, 1024))
    final = client.wait_terminal(client.create(model)["id"])
    assert output_text(final) == text


def test_answer_that_is_no_stream_is_taken_as_the_whole_response(client, upstream, model):
    """A provider that ignores "stream" answers with the Response object itself."""
    body = {"id": "resp_1", "object": "response", "status": "completed", "model": "m",
            "output": [{"id": "msg_1", "type": "message", "role": "assistant",
                        "content": [{"type": "output_text", "text": "whole"}]}]}
    upstream.script(model, Script([json.dumps(body).encode()],
                                  headers={"Content-Type": "application/json"}))
    final = client.wait_terminal(client.create(model)["id"])
    assert (final["status"], output_text(final)) == ("completed", "whole")
