"""Many responses at once, and what happens when processes go away under them."""

import os
import signal
import threading
import time

import pytest

from events import completed, delta, message_stream, opening
from harness import BOB, output_text, wait_until
from upstream import Feed, Gate, Hang, Sleep


def test_two_clients_at_once_each_see_only_their_own_text(client, upstream, model):
    feeds = Feed(), Feed()
    clients = client, client.with_key(BOB)
    names = model + "-a", model + "-b"
    for name, feed in zip(names, feeds):
        upstream.script(name, [feed])
    ids = [one.create(name)["id"] for one, name in zip(clients, names)]
    for feed in feeds:
        feed.send(*opening())
    expected = ["", ""]
    for number in range(10):
        for index in (0, 1):
            text = f"client {index} text {number}; "
            expected[index] += text
            feeds[index].send(delta(text))
        for index in (0, 1):
            clients[index].wait_for(
                ids[index], lambda o: output_text(o) == expected[index], expected[index])
    for index in (0, 1):
        feeds[index].send(completed())
        feeds[index].end()
        assert output_text(clients[index].wait_terminal(ids[index])) == expected[index]
        assert clients[1 - index].get_response(ids[index]).status == 404


def test_same_model_and_input_twice_are_two_responses(client, upstream, model):
    upstream.script(model, message_stream(["first"]), message_stream(["second"]))
    first, second = client.create(model), client.create(model)
    texts = {output_text(client.wait_terminal(one["id"])) for one in (first, second)}
    assert texts == {"first", "second"}


def test_connections_to_the_provider_are_reused(client, upstream, model):
    upstream.script(model, message_stream(["x"]))
    for _ in range(5):
        client.wait_terminal(client.create(model)["id"])
    assert len({exchange.connection for exchange in upstream.requests(model)}) == 1


@pytest.mark.slowish
@pytest.mark.parametrize("workers", [1, 2])
def test_200_streams_at_once_complete_byte_equal(make_stack, workers):
    stack = make_stack(workers=workers)
    gate = Gate()
    texts = {}
    for number in range(200):
        deltas = [f"{number}:{count}é\n" for count in range(20)]
        texts[f"m{number}"] = "".join(deltas)
        steps = [gate]
        for event in message_stream(deltas):
            steps += [event, Sleep(15)] if event["type"].endswith("text.delta") else [event]
        stack.upstream.script(f"m{number}", steps)
    ids = {name: stack.client.create(name)["id"] for name in texts}
    for name in texts:
        stack.upstream.wait_request(name)
    assert len(stack.running()) == 200
    begun = time.monotonic()
    gate.open()
    for name, response_id in ids.items():
        final = stack.client.wait_terminal(response_id, timeout=30)
        assert (final["status"], output_text(final)) == ("completed", texts[name])
    print(f"200 streams in {time.monotonic() - begun:.2f} s")
    stack.wait_idle()
    assert all(len(stack.upstream.requests(name)) == 1 for name in texts)


@pytest.mark.slowish
def test_clients_in_many_threads(client, upstream, model):
    """Creates, polls, cancels and deletes from eight threads; every answer is the right one."""
    upstream.script(model, message_stream(["a", "b", "c"]))
    problems = []

    def work(number):
        try:
            for turn in range(10):
                response_id = client.create(model)["id"]
                if turn % 3 == 0:
                    assert client.cancel(response_id).json()["status"] in (
                        "cancelled", "completed")
                elif turn % 3 == 1:
                    assert output_text(client.wait_terminal(response_id)) == "abc"
                assert client.delete(response_id).status == 200
                assert client.get_response(response_id).status == 404
        except Exception as problem:
            problems.append(problem)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems


def test_max_streams_bounds_what_a_worker_does_at_once(make_stack):
    stack = make_stack({"respool": {"max_streams": 2}})
    gate = Gate()
    for name in ("a", "b", "c"):
        stack.upstream.script(name, [gate, *message_stream([name])])
    ids = {name: stack.client.create(name)["id"] for name in ("a", "b", "c")}
    stack.upstream.wait_request("a")
    stack.upstream.wait_request("b")
    assert stack.client.poll(ids["c"])["status"] == "queued"
    assert stack.upstream.requests("c") == []
    gate.open()
    for name, response_id in ids.items():
        assert output_text(stack.client.wait_terminal(response_id)) == name


def test_jobs_of_a_killed_worker_are_run_again(make_stack, model):
    stack = make_stack({"respool": {"lease_seconds": 2}})
    stack.upstream.script(model, [*opening(), delta("lost"), Hang()],
                          [*opening(), delta("found"), completed()])
    response_id = stack.client.create(model)["id"]
    stack.client.wait_for(response_id, lambda o: output_text(o) == "lost", "the first attempt")
    worker, = stack.supervisor.children()
    os.kill(worker, signal.SIGKILL)
    final = stack.client.wait_terminal(response_id, timeout=20)
    assert (final["status"], output_text(final)) == ("completed", "found")
    stack.wait_idle()


def test_job_whose_worker_dies_every_time_is_failed(make_stack, model):
    stack = make_stack({"respool": {"lease_seconds": 2, "max_attempts": 2}})
    stack.upstream.script(model, [*opening(), delta("x"), Hang()])
    response_id = stack.client.create(model)["id"]
    for attempt in (1, 2):
        stack.upstream.wait_request(model, attempt, timeout=20)
        os.kill(stack.supervisor.children()[0], signal.SIGKILL)
    final = stack.client.wait_terminal(response_id, timeout=20)
    assert final["status"] == "failed"
    assert final["error"]["message"]
    stack.wait_idle()


def test_jobs_of_a_killed_supervisor_are_taken_by_the_next(make_stack, model):
    stack = make_stack({"respool": {"lease_seconds": 2}})
    stack.upstream.script(model, [*opening(), Hang()], [*opening(), delta("found"), completed()])
    response_id = stack.client.create(model)["id"]
    stack.upstream.wait_request(model)
    stack.supervisor.expect_exit = True
    stack.supervisor.send_signal(signal.SIGKILL)
    stack.supervisor.wait()
    stack.programs.remove(stack.supervisor)
    stack.start_supervisor()
    final = stack.client.wait_terminal(response_id, timeout=20)
    assert (final["status"], output_text(final)) == ("completed", "found")
    stack.wait_idle()


def test_worker_survives_the_loss_of_redis(make_stack, model):
    stack = make_stack()
    stack.upstream.script(model, message_stream(["x"]))
    stack.client.wait_terminal(stack.client.create(model)["id"])
    body = {"model": model, "input": "x", "background": True}
    for _ in range(3):
        stack.stop(stack.redis_program)
        (stack.directory / "redis.sock").unlink(missing_ok=True)
        stack.start_redis()
        reply = wait_until(
            lambda: (reply := stack.client.post_create(body)).status == 200 and reply,
            10, "a create to succeed")
        final = stack.client.wait_terminal(reply.json()["id"])
        assert output_text(final) == "x"
        stack.wait_idle()


def test_scripts_that_redis_forgot_are_loaded_again(client, stack, upstream, model):
    feed = Feed()
    upstream.script(model, [feed])
    response_id = client.create(model)["id"]
    feed.send(*opening(), delta("a"))
    client.wait_for(response_id, lambda o: output_text(o) == "a", "a")
    stack.redis.script_flush()
    feed.send(delta("b"))
    client.wait_for(response_id, lambda o: output_text(o) == "ab", "ab", timeout=5)
    stack.redis.script_flush()
    feed.send(completed())
    feed.end()
    assert client.wait_terminal(response_id)["status"] == "completed"
    stack.redis.script_flush()
    assert client.create(model)["status"] == "queued"


def test_quiet_stream_that_lost_the_cancel_message_ends_too(make_stack, model):
    """The channel is only the fast way: the lease of a quiet stream is checked as well."""
    stack = make_stack({"respool": {"lease_seconds": 3}})
    stack.upstream.script(model, [*opening(), Hang()])
    response_id = stack.client.create(model)["id"]
    exchange = stack.upstream.wait_request(model)
    stack.redis.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
    assert stack.client.cancel(response_id).status == 200
    assert exchange.peer_closed.wait(10)
    stack.wait_idle()
