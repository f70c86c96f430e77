"""Characters: whatever a provider sends as text, every poll is valid JSON and says the same."""

import pytest

from events import completed, delta, message_stream, opening
from harness import output_text
from upstream import Feed

STACK = {"config": {"respool": {"flush_interval_ms": 10}}}
REPLACEMENT = "\ufffd"


def raw_delta(json_text):
    """A delta event whose text is spelled exactly so, between the quotes; bytes may be no UTF-8."""
    if isinstance(json_text, str):
        json_text = json_text.encode()
    return (b'data: {"type":"response.output_text.delta","item_id":"msg_1","output_index":0,'
            b'"content_index":0,"delta":"' + json_text + b'"}\n\n')


def grow(client, upstream, model, pieces, expected):
    """Sends the pieces one by one; after each the text must be what expected says for it."""
    feed = Feed()
    upstream.script(model, [feed])
    response_id = client.create(model)["id"]
    feed.send(*opening())
    try:
        for piece, text in zip(pieces, expected):
            feed.send(raw_delta(piece))
            client.wait_for(response_id, lambda o: output_text(o) == text,
                            f"the text {text!r} after {piece!r}", timeout=3)
        feed.send(completed())
    finally:
        feed.end()
    final = client.wait_terminal(response_id)
    assert final["status"] == "completed"
    assert output_text(final) == expected[-1]


@pytest.mark.parametrize("text", [
    '"', "\\", '\\"', "/", "\b\f\n\r\t", "\x00", "\x01\x1f", "\x7f", "\x85", "é", "漢字",
    "\U0001f600",
    "\u2028\u2029", "\ufeff", "\uffff", "a\x00b", '{"not":"an object"}', "data: [DONE]", "\n\n",
    "</script>", "e\u0301", "\\u0041", "\\ud83d", "%d%s%n", "'" * 3, " ", "\U0010ffff",
], ids=ascii)
def test_character_is_the_same_in_every_spelling(client, upstream, model, text):
    escaped = "".join(f"\\u{unit:04x}" for unit in memoryview(
        text.encode("utf-16-le")).cast("H"))
    upstream.script(model, [*opening(), delta(text), delta(text), raw_delta(escaped),
                            completed()])
    response_id = client.create(model)["id"]
    assert output_text(client.wait_terminal(response_id)) == text * 3


def test_surrogate_pair_in_one_delta(client, upstream, model):
    grow(client, upstream, model, ["\\ud83d\\ude00"], ["\U0001f600"])


def test_surrogate_pair_split_across_two_deltas(client, upstream, model):
    feed = Feed()
    upstream.script(model, [feed])
    response_id = client.create(model)["id"]
    feed.send(*opening(), raw_delta("a\\ud83d"))
    client.wait_for(response_id, lambda o: output_text(o) in ("a", f"a{REPLACEMENT}"),
                    "the text before the pair", timeout=3)
    feed.send(raw_delta("\\ude00b"))
    client.wait_for(response_id, lambda o: output_text(o) == "a\U0001f600b", "the pair", timeout=3)
    feed.send(completed())
    feed.end()
    assert output_text(client.wait_terminal(response_id)) == "a\U0001f600b"


def test_surrogate_pairs_split_at_every_delta(client, upstream, model):
    text = "\U0001f600\U0001f601\U0001d11e"
    units = [f"\\u{unit:04X}" for unit in memoryview(text.encode("utf-16-le")).cast("H")]
    upstream.script(model, [*opening(), *map(raw_delta, units), completed()])
    assert output_text(client.wait_terminal(client.create(model)["id"])) == text


def test_surrogate_pair_split_around_an_empty_delta(client, upstream, model):
    upstream.script(model, [*opening(), raw_delta("\\ud83d"), raw_delta(""), raw_delta("\\ude00"),
                            completed()])
    assert output_text(client.wait_terminal(client.create(model)["id"])) == "\U0001f600"


@pytest.mark.parametrize("pieces", [
    ["\\ud83d", "x"], ["\\ude00"], ["\\ud83d\\ud83d", "x"], ["x\\udc00\\ud800", "y"],
    ["\\ud83dx"], ["\\ud83d\\n"], ["\\ud83d\\u0041"],
], ids=ascii)
def test_lone_surrogate_is_the_replacement_character(client, upstream, model, pieces):
    upstream.script(model, [*opening(), *map(raw_delta, pieces), completed()])
    final = client.wait_terminal(client.create(model)["id"])
    text = output_text(final)
    text.encode()  # there is no surrogate in it
    assert REPLACEMENT in text
    plain = "".join(pieces)
    for letter in "xyA":
        assert (letter in text) == (letter in plain.replace("\\u0041", "A"))
    assert final["status"] == "completed"


def test_lone_surrogate_at_the_end_of_the_text(client, upstream, model):
    upstream.script(model, [*opening(), raw_delta("x\\ud83d"), completed()])
    text = output_text(client.wait_terminal(client.create(model)["id"]))
    assert text in ("x", f"x{REPLACEMENT}")


@pytest.mark.parametrize("data", [
    b"\xff", b"\xc3", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xf0\x9f\x98", b"\x80",
    b"\xfe\xfe", b"a\xe2\x82b", b"\xe2\x28\xa1",
], ids=repr)
def test_invalid_utf_8_is_the_replacement_character(client, upstream, model, data):
    upstream.script(model, [*opening(), raw_delta(b"<" + data + b">"), completed()])
    final = client.wait_terminal(client.create(model)["id"])
    assert final["status"] == "completed"
    text = output_text(final)
    assert text[0] == "<" and text[-1] == ">"
    assert REPLACEMENT in text
    kept = [chr(byte) for byte in data if byte < 0x80]
    assert [c for c in text[1:-1] if c != REPLACEMENT] == kept


def test_invalid_utf_8_in_an_item_is_the_replacement_character(client, upstream, model):
    item = b'{"id":"x_1","type":"t\xff","\xfe":["\xc3"]}'
    upstream.script(model, [
        b'data: {"type":"response.output_item.added","output_index":0,"item":' + item + b"}\n\n",
        completed()])
    final = client.wait_terminal(client.create(model)["id"])
    assert final["output"] == [{"id": "x_1", "type": "t\ufffd", "\ufffd": ["\ufffd"]}]


def test_utf_8_character_split_across_two_chunks(client, upstream, model):
    data = raw_delta("€\U0001f600")
    upstream.script(model, [*opening(), *(data[i:i + 1] for i in range(len(data))), completed()])
    assert output_text(client.wait_terminal(client.create(model)["id"])) == "€\U0001f600"


def test_raw_control_character_in_an_event_is_skipped_as_malformed(client, stack, model):
    stack.upstream.script(model, [*opening(), raw_delta("a"), raw_delta(b"b\x01c"), raw_delta("d"),
                                  completed()])
    final = client.wait_terminal(client.create(model)["id"])
    assert (final["status"], output_text(final)) == ("completed", "ad")


def test_text_of_every_kind_grows_in_view(client, upstream, model):
    pieces = ['\\"', "\\\\", "\\u0000", "\\n", "é", "\\u00e9", "\\ud83d\\ude00", "\\/", "x"]
    texts = ['"', "\\", "\0", "\n", "é", "é", "\U0001f600", "/", "x"]
    grow(client, upstream, model, pieces,
         ["".join(texts[:count + 1]) for count in range(len(texts))])


def test_all_of_the_basic_plane_completes_equal(client, upstream, model):
    text = "".join(chr(c) for c in range(0x10000) if not 0xD800 <= c < 0xE000)
    pieces = [text[i:i + 97] for i in range(0, len(text), 97)]
    upstream.script(model, message_stream(pieces))
    final = client.wait_terminal(client.create(model)["id"])
    assert output_text(final) == text


def test_escapes_in_names_and_ids(client, upstream, model):
    """Ids that are spelled differently but mean the same belong together."""
    upstream.script(model, [
        b'data: {"type":"response.output_item.added","output_index":0,"item":'
        b'{"id":"m\\u0073g_\\"1","type":"message","content":[{"type":"output_text",'
        b'"\\u0074ext":""}]}}\n\n',
        b'data: {"type":"response.output_text.delta","item_\\u0069d":"msg_\\u00221",'
        b'"output_index":0,"content_index":0,"delt\\u0061":"found"}\n\n', completed()])
    final = client.wait_terminal(client.create(model)["id"])
    assert final["output"][0]["id"] == 'msg_"1'
    assert output_text(final) == "found"
