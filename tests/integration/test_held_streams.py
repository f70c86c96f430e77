"""Streams whose socket is not looked at between two writes: nothing is late or lost by that."""

import signal
import time

import pytest

from events import Stream
from harness import output_text, wait_until
from tls import Http1OverTls, Http2OverTls
from upstream import Cut, Feed, Gate, Hang, Reset, Sleep

INTERVAL_MS = 150
SLACK = 2  # s, for a busy machine; far less than what is waited for if a read does too little


class Plain:
    def __init__(self, _directory, _port):
        self.base = None

    def close(self):
        pass


@pytest.fixture(params=[Plain, Http1OverTls, Http2OverTls], ids=["http1", "tls", "tls-http2"])
def make_held(request, make_stack, directory, monkeypatch):
    """A stack whose provider is reached in the given way."""
    fronts = []

    def make(**respool):
        # The front needs the provider's port, the supervisor the front's certificate.
        stack = make_stack(
            {"respool": {"flush_interval_ms": INTERVAL_MS, "drain_seconds": 10, **respool}},
            supervisor=False)
        front = request.param(directory, stack.upstream.port)
        fronts.append(front)
        if front.base is not None:
            monkeypatch.setenv("CURL_CA_BUNDLE", str(front.certificate))
            for deployment in stack.config["model_list"]:
                deployment["litellm_params"]["api_base"] = front.base
            stack.write_config()
        stack.start_supervisor()
        return stack

    yield make
    for front in fronts:
        front.close()


def words(count, first=0):
    return [f"word{number:04d} " for number in range(first, first + count)]


def events_of(*texts):
    """The events of a message: up to its first delta, the deltas, those after the last one."""
    events = Stream().begin().message(list(texts)).completed().events
    deltas = [e for e in events if e["type"] == "response.output_text.delta"]
    at = events.index(deltas[0])
    return events[:at], deltas, events[at + len(deltas):]


def start(stack, model, texts):
    """A stream that has shown its first text and whose provider goes on by feed."""
    opening, deltas, closing = events_of(*texts)
    feed = Feed()
    stack.upstream.script(model, [*opening, deltas[0], feed])
    response_id = stack.client.create(model)["id"]
    stack.client.wait_for(response_id, lambda o: output_text(o) == texts[0], "the first text")
    return response_id, feed, deltas[1:], closing


def seconds_since(begun):
    return time.monotonic() - begun


def assert_shown_soon(stack, response_id, text):
    begun = time.monotonic()
    stack.client.wait_for(response_id, lambda o: output_text(o) == text, "all the text", 30)
    assert seconds_since(begun) < SLACK


def assert_ends_soon(stack, response_id, text):
    begun = time.monotonic()
    final = stack.client.wait_terminal(response_id, timeout=30)
    assert (final["status"], output_text(final)) == ("completed", text)
    assert seconds_since(begun) < SLACK


def test_burst_of_small_pieces_is_visible_soon(make_held, model):
    """In a few intervals at most, and not one piece in each."""
    stack = make_held()
    texts = words(600)
    response_id, feed, deltas, closing = start(stack, model, texts)
    feed.send(deltas[0])
    assert_shown_soon(stack, response_id, "".join(texts[:2]))
    feed.send(*deltas[1:])
    assert_shown_soon(stack, response_id, "".join(texts))
    feed.send(*closing)
    feed.end()
    assert_ends_soon(stack, response_id, "".join(texts))


def test_pieces_that_come_one_by_one_are_visible_soon(make_held, model):
    """Each in a packet of its own, many in an interval."""
    stack = make_held()
    texts = words(200)
    response_id, feed, deltas, closing = start(stack, model, texts)
    for delta in deltas:
        feed.send(delta, Sleep(4))
    wait_until(feed.steps.empty, what="the provider to have said all")
    assert_shown_soon(stack, response_id, "".join(texts))
    feed.send(*closing)
    feed.end()
    assert_ends_soon(stack, response_id, "".join(texts))


def test_event_larger_than_what_is_read_at_once_is_visible_soon(make_held, model):
    stack = make_held()
    texts = ["first ", "x" * 300_000, "last"]
    response_id, feed, deltas, closing = start(stack, model, texts)
    feed.send(*deltas)
    assert_shown_soon(stack, response_id, "".join(texts))
    feed.send(*closing)
    feed.end()
    assert_ends_soon(stack, response_id, "".join(texts))


def test_connection_is_kept_for_the_next_stream(make_held, model):
    stack = make_held()
    for count in (1, 2, 3):
        texts = words(20)
        response_id, feed, deltas, closing = start(stack, model, texts)
        feed.send(*deltas, Sleep(50), *closing)
        feed.end()
        assert_ends_soon(stack, response_id, "".join(texts))
        stack.upstream.wait_request(model, count)
    assert len({exchange.connection for exchange in stack.upstream.requests(model)}) == 1


def busy_stream(stack, model, count=400, ends=True):
    """One that gets a piece every few milliseconds for some seconds."""
    texts = words(count)
    response_id, feed, deltas, closing = start(stack, model, texts)
    for delta in deltas:
        feed.send(delta, Sleep(5))
    if ends:
        feed.send(*closing)
        feed.end()
    return response_id, "".join(texts)


def test_cancelled_stream_closes_its_connection_at_once(make_held, model):
    stack = make_held()
    for _ in range(5):
        response_id, _ = busy_stream(stack, model, ends=False)
        assert stack.client.cancel(response_id).json()["status"] == "cancelled"
        assert stack.upstream.requests(model)[-1].peer_closed.wait(SLACK)
    stack.wait_idle()


def test_deleted_stream_closes_its_connection_at_once(make_held, model):
    stack = make_held()
    response_id, _ = busy_stream(stack, model, ends=False)
    assert stack.client.delete(response_id).status == 200
    assert stack.upstream.requests(model)[-1].peer_closed.wait(SLACK)
    stack.wait_idle()


def test_many_streams_that_end_and_are_cancelled_do_not_disturb_each_other(make_held, model):
    stack = make_held()
    running = [busy_stream(stack, f"{model}-{number}", 150, ends=number % 3 != 0)
               for number in range(30)]
    for response_id, _ in running[::3]:
        stack.client.cancel(response_id)
    for number, (response_id, text) in enumerate(running):
        final = stack.client.wait_terminal(response_id, timeout=30)
        if number % 3 == 0:
            assert final["status"] == "cancelled"
        else:
            assert (final["status"], output_text(final)) == ("completed", text)


@pytest.mark.parametrize("step", [Cut(), Reset()], ids=["closed", "reset"])
def test_stream_that_breaks_off_begins_again_soon(make_held, model, step):
    stack = make_held()
    texts = words(5)
    opening, deltas, closing = events_of(*texts)
    gate = Gate()
    stack.upstream.script(model, [*opening, deltas[0], gate, *deltas[1:4], Sleep(5), step],
                          [*opening, *deltas, *closing])
    response_id = stack.client.create(model)["id"]
    stack.client.wait_for(response_id, lambda o: output_text(o) == texts[0], "the first text")
    gate.open()
    assert_ends_soon(stack, response_id, "".join(texts))
    assert len(stack.upstream.requests(model)) == 2


def reload(stack):
    """Returns when the worker, too, has read the file again."""
    def count():
        return stack.supervisor.stderr().count("read again")

    before = count()
    stack.write_config()
    stack.supervisor.send_signal(signal.SIGHUP)
    wait_until(lambda: count() >= before + 2, what="supervisor and worker to have reloaded")


def test_stream_goes_on_after_a_reload(make_held, model):
    stack = make_held()
    response_id, text = busy_stream(stack, model)
    stack.config["model_list"] = [{"model_name": "other", "litellm_params": {
        "model": "openai/other", "api_base": "http://127.0.0.1:9/v1"}}]
    for _ in range(3):
        reload(stack)
    final = stack.client.wait_terminal(response_id, timeout=30)
    assert (final["status"], output_text(final)) == ("completed", text)


def test_stream_ends_while_its_worker_drains(make_held, model):
    stack = make_held()
    response_id, text = busy_stream(stack, model)
    stack.supervisor.send_signal(signal.SIGTERM)
    final = stack.client.wait_terminal(response_id, timeout=30)
    assert (final["status"], output_text(final)) == ("completed", text)
    assert stack.supervisor.wait() == 0
    stack.programs.remove(stack.supervisor)


def test_stream_goes_on_when_its_connection_to_redis_is_lost(make_held, model):
    """What was read meanwhile, and what was waiting in the socket, is written afterwards."""
    stack = make_held()
    response_id, text = busy_stream(stack, model)
    for _ in range(3):
        stack.redis.client_kill_filter(_type="normal", skipme=True)
        time.sleep(0.1)
    final = stack.client.wait_terminal(response_id, timeout=30)
    assert (final["status"], output_text(final)) == ("completed", text)
    assert len(stack.upstream.requests(model)) == 1


def test_stream_ends_as_timed_out_when_no_byte_comes(make_held, model):
    stack = make_held()
    stack.config["model_list"][0]["litellm_params"]["silence_timeout"] = 1
    reload(stack)
    texts = words(3)
    opening, deltas, _ = events_of(*texts)
    stack.upstream.script(model, [*opening, *deltas, Hang()])
    response_id = stack.client.create(model)["id"]
    final = stack.client.wait_terminal(response_id, timeout=10)
    assert (final["status"], final["error"]["code"]) == ("failed", "upstream_timeout")
    assert output_text(final) == "".join(texts)


def test_bytes_that_wait_to_be_read_are_no_silence(make_held, model):
    """The time limit is shorter than the interval in which the stream is read."""
    stack = make_held(flush_interval_ms=240)
    stack.config["model_list"][0]["litellm_params"]["silence_timeout"] = 0.2
    reload(stack)
    response_id, text = busy_stream(stack, model, 200)
    final = stack.client.wait_terminal(response_id, timeout=30)
    assert (final["status"], output_text(final)) == ("completed", text), final["error"]
