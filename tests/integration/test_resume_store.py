"""What is kept of a streamed response, for how long, and what that costs."""

from events import delta, message_stream, opening
from following import create_stream, created_stream, events_after
from harness import events_key, job_key, output_text, response_key
from resuming import STACK  # noqa: F401  (what the stack is)
from resuming import UNSTORED_TTL
from resuming import idle, running  # noqa: F401  (fixtures)
from upstream import Feed
from whole_streams import TTL, assert_whole, counted, ended, finish, last_of, log_of, texts_of


def keys_of(response_id):
    return [response_key(response_id), job_key(response_id), events_key(response_id)]


def test_unstored_response_is_kept_for_its_time_after_its_end(stack, model, feed):
    stack.upstream.script(model, [feed])
    follower, response_id = create_stream(stack.client, model, store=False)
    assert follower.events[0].data["response"]["store"] is False
    with follower:
        feed.send(*opening(), delta("a"))
        follower.text_upto("a")
        for key in keys_of(response_id):
            assert UNSTORED_TTL < stack.redis.ttl(key) <= TTL
        finish(feed, "a")
        follower.rest()
        events = follower.events
    assert output_text(assert_whole(stack, events)) == "a"
    for _ in range(2):
        for key in keys_of(response_id):
            assert 0 < stack.redis.ttl(key) <= UNSTORED_TTL
        assert texts_of(events_after(stack.client, response_id)) == texts_of(events)
        assert stack.client.poll(response_id)["store"] is False


def test_unstored_response_that_is_cancelled_is_kept_for_its_time(idle):
    follower, response_id = create_stream(idle.client, "m", store=False)
    with follower:
        idle.client.cancel(response_id)
        assert last_of(follower.rest())[0] == "failed"
    assert all(0 < idle.redis.ttl(key) <= 600 for key in keys_of(response_id))


def test_unstored_response_that_is_polled_is_kept_for_its_time(stack, model):
    stack.upstream.script(model, message_stream(["text"]))
    response_id = stack.client.create(model, store=False)["id"]
    assert stack.client.wait_terminal(response_id)["status"] == "completed"
    assert all(0 < stack.redis.ttl(key) <= UNSTORED_TTL for key in keys_of(response_id)[:2])


def test_response_that_is_not_streamed_has_no_events(stack, model):
    stack.upstream.script(model, message_stream(["text"]))
    plain = stack.client.create(model)["id"]
    stack.client.wait_terminal(plain)
    assert not stack.redis.exists(events_key(plain))
    followed = created_stream(stack.client, model)
    stack.client.wait_terminal(followed)
    assert set(stack.job(followed)) - set(stack.job(plain)) == {
        name for name in stack.job(followed) if name.startswith(b"stream")}


def test_keys_of_a_stream_live_as_long_as_its_object(stack, running):
    lives = [stack.redis.pttl(key) for key in keys_of(running)]
    assert max(lives) - min(lives) < 2000
    assert TTL * 1000 - 10_000 < min(lives) <= TTL * 1000
    stack.redis.expire(events_key(running), 100)
    stack.client.cancel(running)
    assert min(stack.redis.ttl(key) for key in keys_of(running)) > TTL - 10


def test_log_counts_as_the_response_s_length(make_stack):
    """Many short events are far longer than the text that they make."""
    stack = make_stack({"respool": {"max_response_bytes": 20_000}})
    stack.upstream.script("m", message_stream(["ab"] * 500))
    plain = stack.client.wait_terminal(stack.client.create("m")["id"])
    assert (plain["status"], output_text(plain)) == ("completed", "ab" * 500)
    events = ended(stack, "m", message_stream(["ab"] * 500))
    assert last_of(events)[0] == "failed"
    final = assert_whole(stack, events)
    assert final["error"]["code"]
    assert sum(map(len, log_of(stack, final["id"]))) < 25_000
    assert "ab" * 500 != output_text(final)


def calls_of_scripts(stack):
    stats = stack.redis.info("commandstats")
    return sum(stats.get(f"cmdstat_{name}", {}).get("calls", 0) for name in ("eval", "evalsha"))


def written_during(stack, model, count):
    """How often scripts were called while so many events came one by one."""
    feed = Feed()
    stack.upstream.script(model, [feed])
    follower, _ = create_stream(stack.client, model)
    with follower:
        feed.send(*opening())
        assert follower.next().type == "response.in_progress"  # at once, whatever the interval
        before = calls_of_scripts(stack)
        feed.send(*(delta(f"{number} ") for number in range(count)))
        finish(feed, counted(0, count))
        follower.rest()
        assert_whole(stack, follower.events)
        return calls_of_scripts(stack) - before


def test_events_are_written_once_in_an_interval(make_stack):
    """It is longer than the test, so that what comes in between waits for the end."""
    stack = make_stack({"respool": {"stream_interval_ms": 60_000, "flush_interval_ms": 60_000,
                                    "lease_seconds": 120, "keepalive_seconds": 60}})
    assert written_during(stack, "m", 300) < 12
