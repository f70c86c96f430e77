"""The list of a request's input items."""

import pytest

from events import message_stream
from upstream import Gate

ITEMS = [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": f"t{n}"}],
          "id": f"msg_{n}", "x": 0.10} for n in range(25)]


@pytest.fixture
def create(stack, model):
    """Creates a response whose provider does not answer before the test ends."""
    gate = Gate()
    stack.upstream.script(model, [gate, *message_stream(["x"])])
    yield lambda input: stack.client.create(model, input)["id"]
    gate.open()


def ids(reply):
    assert reply.status == 200, reply
    listing = reply.json()
    assert set(listing) == {"object", "data", "first_id", "last_id", "has_more"}
    assert listing["object"] == "list"
    found = [item["id"] for item in listing["data"]]
    assert listing["first_id"] == (found[0] if found else None)
    assert listing["last_id"] == (found[-1] if found else None)
    return found


def test_string_is_one_message_of_the_user(client, create):
    response_id = create('Say "hi"\n\U0001f600')
    reply = client.input_items(response_id)
    item, = reply.json()["data"]
    assert (item["type"], item["role"]) == ("message", "user")
    assert item["content"] == [{"type": "input_text", "text": 'Say "hi"\n\U0001f600'}]
    assert ids(reply) == [item["id"]]
    assert item["id"]
    assert client.input_items(response_id).json() == reply.json()


def test_array_is_listed_as_it_was_sent(client, create):
    response_id = create(ITEMS[:3])
    assert client.input_items(response_id, "?order=asc").json()["data"] == ITEMS[:3]


def test_items_keep_their_spelling(client, stack, model):
    stack.upstream.script(model, message_stream(["x"]))
    item = '{"id":"i_1","n":[0.10,1e-7,12345678901234567890],"s":"\\u0000\\u00e9é"}'
    reply = client.post_create(
        f'{{"model":"{model}","background":true,"input":[{item}]}}'.encode())
    assert item.encode() in client.input_items(reply.json()["id"]).body


def test_items_without_an_id_get_one_that_stays(client, create):
    response_id = create([{"role": "user", "content": "a"}, {"role": "user", "content": "a"}])
    first = client.input_items(response_id).json()
    assert len({item["id"] for item in first["data"]}) == 2
    assert client.input_items(response_id).json() == first


def test_order_is_descending_by_default(client, create):
    response_id = create(ITEMS[:4])
    forward = [item["id"] for item in ITEMS[:4]]
    assert ids(client.input_items(response_id, "?order=asc")) == forward
    assert ids(client.input_items(response_id, "?order=desc")) == forward[::-1]
    assert ids(client.input_items(response_id)) == forward[::-1]


def test_limit_is_twenty_by_default(client, create):
    response_id = create(ITEMS)
    reply = client.input_items(response_id)
    assert len(ids(reply)) == 20
    assert reply.json()["has_more"] is True
    reply = client.input_items(response_id, "?limit=100")
    assert len(ids(reply)) == 25
    assert reply.json()["has_more"] is False


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("limit", [1, 7, 25])
def test_pages_follow_each_other_without_gaps(client, create, order, limit):
    response_id = create(ITEMS)
    found, after = [], ""
    while True:
        reply = client.input_items(response_id, f"?order={order}&limit={limit}{after}")
        page = ids(reply)
        assert 1 <= len(page) <= limit
        found += page
        if not reply.json()["has_more"]:
            break
        after = f"&after={page[-1]}"
    expected = [item["id"] for item in ITEMS]
    assert found == (expected if order == "asc" else expected[::-1])


def test_pages_of_made_up_ids_follow_each_other(client, create):
    response_id = create([{"role": "user", "content": str(n)} for n in range(5)])
    everything = ids(client.input_items(response_id, "?order=asc"))
    page = ids(client.input_items(response_id, f"?order=asc&after={everything[1]}&limit=2"))
    assert page == everything[2:4]


def test_after_the_last_item_there_is_nothing(client, create):
    response_id = create(ITEMS[:2])
    reply = client.input_items(response_id, "?order=asc&after=msg_1")
    assert ids(reply) == []
    assert reply.json()["has_more"] is False


def test_empty_input_is_an_empty_list(client, create):
    assert ids(client.input_items(create([]))) == []


def test_request_without_input_is_an_empty_list(client, stack, model, create):
    response_id = client.post_create({"model": model, "background": True}).json()["id"]
    assert ids(client.input_items(response_id)) == []


@pytest.mark.parametrize("query, param", [
    ("?limit=0", "limit"), ("?limit=101", "limit"), ("?limit=-1", "limit"), ("?limit=x", "limit"),
    ("?limit=", "limit"), ("?limit=99999999999999999999", "limit"), ("?limit=1.5", "limit"),
    ("?order=up", "order"), ("?order=", "order"), ("?after=msg_none", "after"),
])
def test_bad_query_is_400_and_named(client, create, query, param):
    reply = client.input_items(create(ITEMS[:2]), query)
    assert reply.status == 400
    assert reply.error()["param"] == param


def test_unknown_and_odd_query_parameters_are_no_error(client, create):
    response_id = create(ITEMS[:2])
    for query in ("?", "?&&", "?=", "?a=b&order=asc&", "?order=%61sc"):
        assert len(ids(client.input_items(response_id, query))) == 2


def test_include_is_accepted(client, create):
    response_id = create(ITEMS[:2])
    for query in ("?include=message.input_image.image_url", "?include=x&include=y",
                  "?limit=2&include[]=reasoning.encrypted_content", "?include%5B%5D=x&order=asc",
                  "?include%5B0%5D=x&include%5B1%5D=y"):
        assert len(ids(client.input_items(response_id, query))) == 2


def test_input_is_still_listed_when_the_response_is_terminal(client, stack, model):
    stack.upstream.script(model, message_stream(["x"]))
    response_id = client.create(model, ITEMS[:2])["id"]
    client.wait_terminal(response_id)
    assert ids(client.input_items(response_id)) == ["msg_1", "msg_0"]


def test_unknown_response_is_404(client):
    reply = client.input_items("litellm_poll_00000000-0000-4000-8000-000000000000")
    assert reply.status == 404
    assert reply.error()
