"""Requests of every size come to their provider whole."""

from concurrent.futures import ThreadPoolExecutor

from passing import answer
from relaying import BODY


def assert_sent_whole(stack, size):
    text = ("0123456789abcdef" * (size // 16 + 1))[:size]
    reply = stack.client.post_create({"model": "sized", "input": text})
    assert (reply.status, reply.body) == (200, BODY)
    assert stack.upstream.requests("sized")[-1].json()["input"] == text


def test_request_of_any_size_reaches_its_provider_whole(make_stack):
    """In the message to the relay itself, and in a file beside it."""
    stack = make_stack(supervisor=False)
    stack.upstream.script("sized", answer(BODY))
    for size in (1, 1000, 65535, 65536, 65537, 1_000_000, 4_000_000):
        assert_sent_whole(stack, size)


def test_request_around_the_most_that_a_message_holds_reaches_its_provider_whole(make_stack):
    stack = make_stack(supervisor=False)
    stack.upstream.script("sized", answer(BODY))
    for size in [*range(15_900, 16_300, 9), *range(16_300, 16_390)]:
        assert_sent_whole(stack, size)


def test_large_requests_of_many_clients_at_once_reach_their_providers_whole(make_stack):
    stack = make_stack(supervisor=False, children=4)

    def ask(number):
        name, text = f"large-{number}", str(number) * 1_500_000
        stack.upstream.script(name, answer(BODY))
        assert stack.client.post_create({"model": name, "input": text}).body == BODY
        return stack.upstream.wait_request(name).json()["input"] == text

    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(ask, range(8)))
