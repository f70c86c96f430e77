"""TLS to Redis, which hiredis speaks from 1.0 on: in all roles, with whatever is wrong about it."""

import shutil
import signal
import socket
import threading

import pytest

from events import delta, message_stream, opening
from following import create_stream, follow
from harness import output_text, wait_until
from passing import answer, native_key, response_object
from redis_tls import PORT, Authority, TlsStack, own_address, require_tls
from test_faults import assert_unavailable
from upstream import Feed

LONG = "spools of long and shiny thread " * 100_000  # bytes, more than a TLS record or a socket holds


@pytest.fixture(scope="module", autouse=True)
def tls():
    require_tls()


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def host():
    return own_address()


@pytest.fixture(scope="module")
def right(authority, host):
    return authority.issue("right", f"IP:{host}")


@pytest.fixture
def make_tls_stack(authority, host):
    stacks = []

    def make(certificate, **options):
        stack = TlsStack(authority, certificate, host, **options)
        stacks.append(stack)
        return stack

    yield make
    for stack in stacks:
        stack.close()


@pytest.fixture
def stack(make_tls_stack, right):
    return make_tls_stack(right)


def try_create(stack, model):
    """The id of a new response, or None if it is refused because Redis is away."""
    reply = stack.client.post_create({"model": model, "input": "Hello", "background": True})
    assert reply.status in (200, 503), reply
    return reply.json()["id"] if reply.status == 200 else None


def is_remembered(stack, model):
    """Whether the relay, which connects by itself, has Redis for an answer that it passes on."""
    response_id = f"resp_{model.replace('-', '_')}"
    stack.upstream.script(f"{model}-kept", answer(response_object(response_id)))
    reply = stack.client.post_create({"model": f"{model}-kept", "input": "x"})
    assert reply.json()["id"] == response_id
    return stack.redis.exists(native_key(response_id))


def assert_works(stack, model, timeout=10):
    """All roles have a connection, at the latest soon."""
    stack.upstream.script(model, message_stream(["well"]))
    response_id = wait_until(lambda: try_create(stack, model), timeout, "a response to be created")
    assert output_text(stack.client.wait_terminal(response_id, timeout)) == "well"
    wait_until(lambda: is_remembered(stack, model), timeout, "the relay to remember an id")


def assert_away(stack, model):
    for _ in range(2):
        assert_unavailable(lambda: stack.client.post_create(
            {"model": model, "input": "x", "background": True}))
        assert_unavailable(lambda: stack.client.get("/health/readiness"))


def await_line(program, text):
    """Waits until its log has that, and returns the line."""
    wait_until(lambda: text in program.stderr(), 10, f"{text!r} in the log of {program.name}")
    return next(line for line in program.stderr().splitlines() if text in line)


def test_responses_grow_are_followed_and_cancelled_over_tls(stack, model):
    feed = Feed()
    stack.upstream.script(model, [*opening(), delta("a"), feed])
    reader, response_id = create_stream(stack.client, model)
    with reader:
        reader.text_upto("a")
        feed.send(delta("b"))
        reader.text_upto("b")
        assert output_text(stack.client.poll(response_id)).startswith("ab")
        assert stack.client.cancel(response_id).json()["status"] == "cancelled"
        assert reader.rest()[-1].data["response"]["status"] == "cancelled"
    with follow(stack.client, response_id) as again:
        assert len(again.rest()) == len(reader.events)
    assert_works(stack, model + "-2")
    assert all(entry["laddr"] == f"{stack.host}:{PORT}" for entry in stack.redis.client_list()
               if entry["flags"] != "U" and not entry["addr"].endswith(".sock:0"))


def test_what_is_long_goes_both_ways_over_tls(stack, model):
    stack.upstream.script(model, [
        *message_stream([LONG[at:at + 100_000] for at in range(0, len(LONG), 100_000)])])
    response_id = stack.client.create(model, input=LONG, stream=None)["id"]
    final = stack.client.wait_terminal(response_id, timeout=30)
    assert output_text(final) == LONG
    items = stack.client.input_items(response_id).json()["data"]
    assert LONG in str(items)
    streamed, streamed_id = create_stream(stack.client, model, input=LONG)
    with streamed:
        assert output_text(streamed.rest()[-1].data["response"]) == LONG
    with follow(stack.client, streamed_id) as again:
        assert len(again.rest()) == len(streamed.events)


def test_many_responses_at_once_share_connections_over_tls(stack, model):
    feeds = [Feed() for _ in range(30)]
    ids = []
    for number, feed in enumerate(feeds):
        stack.upstream.script(f"{model}-{number}", [*opening(), feed])
        ids.append(stack.client.create(f"{model}-{number}")["id"])
    for part in range(20):
        for feed in feeds:
            feed.send(delta(f"{part} "))
    text = "".join(f"{part} " for part in range(20))
    for response_id in ids:
        stack.client.wait_for(
            response_id, lambda object: output_text(object) == text, "the whole text", 20)
        assert stack.client.cancel(response_id).json()["status"] == "cancelled"


def test_a_url_says_it_all(make_tls_stack, right, authority, host, model):
    stack = make_tls_stack(right, cache_params={
        "host": None, "port": None, "ssl": None, "ssl_ca_certs": None,
        "url": f"rediss://{host}:{PORT}/0?ssl_ca_certs={authority.path}"})
    assert_works(stack, model)


@pytest.mark.parametrize("wrong, reason", [
    ("other host", "certificate verify failed: IP address mismatch, it is not for {host}"),
    ("other authority", "certificate verify failed: unable to get local issuer certificate"),
    ("expired", "certificate verify failed: certificate has expired"),
    ("of its own", "certificate verify failed: self-signed certificate"),
])
def test_a_wrong_certificate_is_refused_by_all_and_a_right_one_taken_later(
        make_tls_stack, authority, host, right, directory, model, wrong, reason):
    certificate = {
        "other host": lambda: authority.issue("other", "IP:127.0.0.1", "DNS:redis.example"),
        "other authority": lambda: Authority(directory, "stranger").issue("x", f"IP:{host}"),
        "expired": lambda: authority.issue_expired("expired", f"IP:{host}"),
        "of its own": lambda: Authority(directory, "itself"),
    }[wrong]()
    stack = make_tls_stack(certificate)
    reason = reason.format(host=host)
    assert_away(stack, model)
    for program in (stack.supervisor, stack.responder):
        assert f"{reason}; connecting again" in await_line(program, "Redis (")
    assert reason in await_line(stack.responder, "connect: ")
    stack.show(right)
    assert_works(stack, model)


def test_without_a_certificate_of_ours_the_server_s_refusal_is_in_the_log(
        make_tls_stack, authority, right, model):
    stack = make_tls_stack(right, settings=("--tls-auth-clients", "yes"))
    assert_away(stack, model)
    for program in (stack.supervisor, stack.responder):
        assert "certificate required; connecting again" in await_line(program, "Redis (")
    assert "certificate required" in await_line(stack.responder, "redis: ")
    stack.set("tls-auth-clients", "no")
    assert_works(stack, model)


def test_a_certificate_of_ours_is_shown(make_tls_stack, authority, right, model):
    ours = authority.issue("ours")
    stack = make_tls_stack(right, settings=("--tls-auth-clients", "yes"), cache_params={
        "ssl_certfile": str(ours.path), "ssl_keyfile": str(ours.key)})
    assert_works(stack, model)


def test_files_are_read_again_when_they_have_changed(
        make_tls_stack, authority, right, directory, model):
    trusted = directory / "trusted.pem"
    shutil.copy(Authority(directory, "old").path, trusted)
    stack = make_tls_stack(right, cache_params={"ssl_ca_certs": str(trusted)})
    await_line(stack.supervisor, "self-signed certificate in certificate chain")
    trusted.unlink()
    missing = f"ssl_ca_certs: No such file or directory ({trusted})"
    # A process says once what is wrong until it is well.
    assert_away(stack, model)
    wait_until(lambda: missing in stack.responder.stderr(), 10, "the log to name the file")
    trusted.write_text("no certificate\n")
    assert_away(stack, model)
    shutil.copy(authority.path, trusted)
    assert_works(stack, model)


@pytest.mark.parametrize("key, reason", [
    ("ssl_ca_certs", "no certificate or crl found"),
    ("ssl_certfile", "no start line"),
    ("ssl_keyfile", "key values mismatch"),
])
def test_a_file_that_is_of_no_use_is_named(
        make_tls_stack, authority, right, directory, model, key, reason):
    ours, other = authority.issue("mine"), authority.issue("not_mine")
    junk = directory / "junk.pem"
    junk.write_text("junk\n")
    params = {"ssl_certfile": str(ours.path), "ssl_keyfile": str(ours.key)}
    params[key] = str(other.key) if key == "ssl_keyfile" else str(junk)
    stack = make_tls_stack(right, cache_params=params)
    assert_away(stack, model)
    for program in (stack.supervisor, stack.responder):
        line = await_line(program, f"{key}: ")
        assert f"{key}: {reason} ({params[key]})" in line


def test_a_name_is_checked_too(authority, model):
    for number, (names, is_right) in enumerate([(["DNS:localhost"], True),
                                                (["DNS:redis.example", "IP:127.0.0.1"], False)]):
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        stack = TlsStack(
            authority, authority.issue(f"named{number}", *names), "127.0.0.1",
            cache_params={"host": "localhost", "port": port}, settings=("--tls-port", str(port)))
        try:
            if is_right:
                assert_works(stack, model)
            else:
                assert_away(stack, model)
                await_line(stack.supervisor, "hostname mismatch, it is not for localhost")
        finally:
            stack.close()


@pytest.mark.parametrize("params", [{"ssl_cert_reqs": "none"}, {"ssl_check_hostname": False}])
def test_what_is_not_to_be_checked_is_not_and_that_is_a_warning(
        make_tls_stack, authority, model, params):
    stack = make_tls_stack(authority.issue("any", "DNS:redis.example"), cache_params=params)
    assert_works(stack, model)
    key = next(iter(params))
    for program in (stack.supervisor, stack.responder):
        assert f"cache_params: {key} is " in await_line(program, "is taken for Redis")


class Silent:
    """Takes connections, and says nothing."""

    def __init__(self, host):
        self.listener = socket.create_server((host, PORT))
        self.taken = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                self.taken.append(self.listener.accept()[0])
            except OSError:
                return

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        for connection in [self.listener, *self.taken]:
            connection.close()


def test_a_server_that_says_nothing_is_not_waited_for(make_tls_stack, right, model):
    other = own_address()
    silent = Silent(other)
    try:
        stack = make_tls_stack(right, cache_params={"host": other})
        assert_away(stack, model)
        assert "no answer to TLS in time: is it spoken on that port?" in await_line(
            stack.responder, "connect: ")
        await_line(stack.supervisor, "no answer in time; connecting again")
    finally:
        silent.close()


def test_a_port_without_tls_is_recognized(make_tls_stack, right, model):
    """Redis waits for the end of a line, unless there is one by chance in what it gets."""
    stack = make_tls_stack(right, settings=("--port", "6391"), cache_params={"port": 6391})
    assert_away(stack, model)
    line = await_line(stack.responder, "connect: ")
    assert "is it spoken on that port?" in line or "wrong version number" in line


def test_requests_are_answered_503_while_redis_hangs_behind_tls(stack, model):
    assert_works(stack, model)
    stack.redis_program.send_signal(signal.SIGSTOP)
    try:
        assert_away(stack, model)
    finally:
        stack.redis_program.send_signal(signal.SIGCONT)
    assert_works(stack, model + "-2", timeout=20)


def test_redis_that_was_away_is_reached_again(stack, model):
    assert_works(stack, model)
    stack.stop(stack.redis_program)
    assert_away(stack, model)
    stack.start_redis()
    assert_works(stack, model + "-2", timeout=20)


def test_a_user_logs_in_over_tls_and_the_password_is_in_no_log(make_tls_stack, authority, right, model):
    stack = make_tls_stack(right, cache_params={"password": "hidden-pw", "username": "u"},
                           settings=("--user", "u", "on", ">hidden-pw", "~*", "&*", "+@all"))
    assert_works(stack, model)
    for program in (stack.supervisor, stack.responder):
        assert "hidden-pw" not in program.stderr()
