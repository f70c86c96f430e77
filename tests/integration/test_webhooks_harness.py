"""What the tests of webhooks stand on: the receiver, its checks, and the clock."""

import http.client
import ssl
import threading

import pytest

import receiver as scripted
import standard_webhooks
from harness import Stack
from receiver import Receiver
from standard_webhooks import Refused
from upstream import Gate
from webhooks_clock import held_deliveries, held_endpoints, keys_of, pass_time, redis_time

pytestmark = pytest.mark.once

# The example of Standard Webhooks' own libraries.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SENT_AT = 1614265330
BODY = b'{"test": 2432232314}'
HEADERS = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": str(SENT_AT),
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}
EVENT = b'{"data":{"id":"resp_1"}}'


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture(scope="module")
def store():
    """A stack with nothing but Redis."""
    stack = Stack(supervisor=False, responder=False, web=False)
    yield stack
    stack.close()


def post(receiver, path="/hook", body=EVENT, context=None):
    """The status, or None if the connection ended without."""
    if receiver.tls:
        connection = http.client.HTTPSConnection(
            "127.0.0.1", receiver.tls.listener.getsockname()[1], timeout=5, context=context)
    else:
        connection = http.client.HTTPConnection("127.0.0.1", receiver.port, timeout=5)
    try:
        connection.request("POST", path, body=body, headers=HEADERS)
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (ConnectionError, http.client.RemoteDisconnected):
        return None
    finally:
        connection.close()


def test_the_example_of_the_specification_is_verified():
    standard_webhooks.verify(SECRET, HEADERS, BODY, SENT_AT)
    assert standard_webhooks.sign(
        SECRET, HEADERS["webhook-id"], SENT_AT, BODY) == HEADERS["webhook-signature"]


def test_one_of_several_signatures_is_enough():
    several = HEADERS | {"webhook-signature": f"v1,AAAA {HEADERS['webhook-signature']}"}
    standard_webhooks.verify(SECRET, several, BODY, SENT_AT)


@pytest.mark.parametrize("change, now", [
    ({"webhook-id": "msg_other"}, SENT_AT),
    ({"webhook-timestamp": str(SENT_AT + 1)}, SENT_AT),
    ({"webhook-timestamp": "x"}, SENT_AT),
    ({"webhook-signature": HEADERS["webhook-signature"].replace("v1,", "v1a,")}, SENT_AT),
    ({}, SENT_AT + 301),
    ({}, SENT_AT - 301),
])
def test_what_was_changed_or_is_old_is_refused(change, now):
    with pytest.raises(Refused):
        standard_webhooks.verify(SECRET, HEADERS | change, BODY, now)


def test_another_body_or_secret_or_no_signature_is_refused():
    unsigned = {name: value for name, value in HEADERS.items() if name != "webhook-signature"}
    for secret, headers, body in ((SECRET, HEADERS, BODY + b" "),
                                  (standard_webhooks.new_secret(), HEADERS, BODY),
                                  (SECRET, unsigned, BODY)):
        with pytest.raises(Refused):
            standard_webhooks.verify(secret, headers, body, SENT_AT)


def test_the_receiver_does_what_scripts_say_and_keeps_what_came(receiver):
    receiver.script("/hook", scripted.failure(503, Retry_After=7), scripted.CLOSES,
                    scripted.RESETS, scripted.late(20), scripted.dripping(3, 5), scripted.OK)
    receiver.refuse(1)
    assert [post(receiver) for _ in range(8)] == [
        None, (503, b"not now"), None, None, (200, b""), (200, b"0\n1\n2\n"), (200, b"thanks"),
        (200, b"thanks")]
    assert post(receiver, "/other") == (200, b"thanks")
    assert len(receiver.deliveries("/hook")) == 7 and len(receiver.deliveries()) == 8
    assert {one.id for one in receiver.deliveries()} == {HEADERS["webhook-id"]}
    assert receiver.deliveries(response="resp_1")[0].headers["content-length"] == str(len(EVENT))


def test_the_receiver_can_be_held_and_can_choose(receiver):
    gate = Gate()
    receiver.choose(lambda delivery: scripted.held(gate, 204) if delivery.path == "/a" else None)
    answers = []
    thread = threading.Thread(target=lambda: answers.append(post(receiver, "/a")))
    thread.start()
    receiver.await_delivery("/a")
    assert post(receiver, "/b") == (200, b"thanks") and not answers
    gate.open()
    thread.join(5)
    assert answers == [(204, b"")]


def test_the_receiver_speaks_tls(directory):
    receiver = Receiver(directory)
    trusting = ssl.create_default_context(cafile=receiver.tls.certificate)
    try:
        assert receiver.url().startswith("https://")
        assert post(receiver, context=trusting) == (200, b"thanks")
    finally:
        receiver.close()


def hold(store, waiting=(), dead=(), endpoints=None):
    """Puts lines into Redis: {id: line}, ids that are dead with when they are forgotten (s)."""
    keys = keys_of(store)
    store.redis.delete(*keys)
    for name, line in waiting.items():
        due = int(line.split()[5])
        store.redis.hset(keys[1], name, line)
        if due:
            store.redis.zadd(keys[0], {f"{line.split()[0]} {due:015d} {name}": 0})
    for name, until in dead.items():
        store.redis.zadd(keys[2], {name: until * 1000})
    for name, line in (endpoints or {}).items():
        store.redis.hset(keys[3], name, line)


def test_the_clock_makes_all_that_is_held_older(store):
    now = round(redis_time(store))
    hold(store, {
        "wh_1": f"a r1 failed {now}000 {now + 60}000 {now + 300}500 1 2 {now}000 HTTP 500, not ok",
        "wh_2": f"a r2 completed {now}000 {now + 60}000 {now}000 0 0 0 ",
        "wh_3": f"b r3 completed {now}000 {now + 60}000 0 10 10 {now}000 no answer",
    }, {"wh_3": now + 1000}, {"a": f"3 {now + 50}000 ", "b": "10 0 0123456789abcdef"})
    pass_time(store, 300)
    held = held_deliveries(store)
    assert (held["wh_1"].due, held["wh_1"].gone, held["wh_1"].tried) == (
        now + 0.5, now - 240, now - 300)
    assert (held["wh_1"].ended, held["wh_1"].tries, held["wh_1"].claims) == (now, 1, 2)
    assert held["wh_1"].why == "HTTP 500, not ok"
    assert (held["wh_2"].due, held["wh_2"].tried, held["wh_2"].why) == (now - 300, 0, "")
    assert held["wh_3"].is_dead and not held["wh_1"].is_dead
    assert store.redis.zscore(keys_of(store)[2], "wh_3") == (now + 700) * 1000
    assert held_endpoints(store) == {"a": [3, now - 250, ""], "b": [10, 0, "0123456789abcdef"]}


def test_the_clock_may_leave_leases_as_they_are(store):
    now = round(redis_time(store))
    hold(store, {
        "wh_1": f"a r1 failed {now}000 {now + 60}000 {now + 25}000 0 1 0 ",
        "wh_2": f"a r2 failed {now}000 {now + 60}000 {now + 300}000 1 2 {now}000 HTTP 500",
    }, {})
    pass_time(store, 300, ends_leases=False)
    assert {name: one.due for name, one in held_deliveries(store).items()} == {
        "wh_1": now + 25, "wh_2": now}


def test_the_clock_takes_nothing_amiss_where_nothing_is_held(store):
    hold(store, {}, {})
    pass_time(store, 75 * 3600)
    assert held_deliveries(store) == {} and held_endpoints(store) == {}


def test_deliveries_are_awaited(receiver):
    timer = threading.Timer(0.05, post, [receiver])
    timer.start()
    assert receiver.await_delivery().response == "resp_1"
    timer.join(5)
    assert len(receiver.deliveries()) == 1
