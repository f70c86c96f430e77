"""The configurations in deploy, each at the root of a site and under a sub-path."""

import contextlib
import http.client
import os
import socket
import struct
import time

import pytest

import deployed
from deployed import (SERVERS, SPAWNED, ApacheSite, DescriptorProgram, Load, NginxSite, answers,
                      installed_program)
from events import delta, message_stream, opening
from harness import ADMIN, ALICE, BUILD, free_port, output_text, wait_until
from upstream import Feed

pytestmark = pytest.mark.once

WAYS = {**SERVERS, **SPAWNED}
ONE_MESSAGE = "respool.fcgi["


@pytest.fixture(scope="module", params=[
    (way, mount) for way in WAYS for mount in ("", "/llm")
], ids=lambda param: f"{param[0]}-{param[1].strip('/') or 'root'}")
def site(request):
    way, mount = request.param
    with deployed.sites() as make:
        yield make(WAYS[way], mount)


@pytest.fixture
def make_site():
    with deployed.sites() as make:
        yield make


class TestEveryServer:
    def test_create_poll_cancel_delete(self, site, model):
        client, feed = site.client, Feed()
        site.upstream.script(model, [feed])
        created = client.create(model, "Hello", metadata={"a": "\u00e9"})
        assert created["status"] == "queued"
        response_id = created["id"]
        feed.send(*opening(), delta("grow"))
        client.wait_for(response_id, lambda o: output_text(o) == "grow", "the first text")
        assert client.get_response(response_id).headers["openai-poll-after-ms"]
        assert client.cancel(response_id, body="").json()["status"] == "cancelled"
        assert client.delete(response_id).json()["deleted"] is True
        assert client.get_response(response_id).status == 404
        feed.end()

    def test_administrators_reach_the_page_and_what_it_asks_for(self, site):
        anonymous, admin = site.client.with_key(None), site.client.with_key(ADMIN)
        moved = anonymous.get(f"{site.mount}/respool")
        assert moved.status == 308
        assert moved.headers["location"].endswith("respool/")
        page = anonymous.get(f"{site.mount}/respool/")
        assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert page.headers["content-security-policy"].startswith("default-src 'none'")
        for path in ("/metrics", "/respool/v1/status", "/respool/v1/responses?status=failed"):
            assert anonymous.get(site.mount + path).status == 401
            assert admin.get(site.mount + path).status == 200
        refused = site.client.request("POST", f"{site.mount}/respool/v1/pause", body="{}")
        assert refused.error()["code"] == "admin_key_required"

    def test_request_of_3_mb(self, site, model):
        text = "abc\u00e9" * 750_000
        response_id = site.client.create(model, text)["id"]
        assert site.upstream.wait_request(model).json()["input"] == text
        site.client.wait_terminal(response_id)

    def test_missing_key(self, site):
        reply = site.client.with_key(None).get_response("x")
        assert reply.status == 401
        assert "Authorization" in reply.error()["message"]

    def test_not_modified_and_head(self, site, model):
        client = site.client
        response_id = client.create(model)["id"]
        client.wait_terminal(response_id)
        whole = client.get_response(response_id)
        etag = whole.headers["etag"]
        same = client.get_response(response_id, headers={"If-None-Match": etag})
        assert (same.status, same.body, same.headers["etag"]) == (304, b"", etag)
        head = client.request("HEAD", f"{client.prefix}/responses/{response_id}")
        assert (head.status, head.body, head.headers["etag"]) == (200, b"", etag)
        assert head.headers["content-type"] == whole.headers["content-type"]

    @pytest.mark.parametrize("slash", ["/", "%2F", "%2f"])
    def test_model_whose_name_has_a_slash(self, site, slash):
        """Clients escape it."""
        reply = site.client.get(f"{site.client.prefix}/models/openai{slash}gpt-4o")
        assert reply.status == 200, reply
        assert reply.json()["id"] == "openai/gpt-4o"

    @pytest.mark.parametrize("key", [{"x-api-key": ALICE}, {"api-key": ALICE},
                                     {"x-litellm-api-key": f"Bearer {ALICE}"}])
    def test_key_in_another_header(self, site, key):
        assert site.client.with_key(None).get(
            f"{site.client.prefix}/models", headers=key).status == 200

    def test_what_is_below_conversations(self, site):
        reply = site.client.get(f"{site.client.prefix}/conversations/conv_1/items?limit=2")
        assert (reply.status, reply.error()["code"]) == (404, "conversations_not_served")

    def test_too_long_a_request_is_refused_by_respool_itself(self, site):
        reply = site.client.post_create(b"x" * 10_500_000)
        assert reply.status == 413
        assert "10485760" in reply.error()["message"]

    def test_what_is_beside_a_sub_path_is_not_respools(self, site):
        if not site.mount:
            pytest.skip("the whole site is respool's")
        reply = site.client.request("GET", "/v1/responses/x")
        assert reply.status in (403, 404)
        assert "x-request-id" not in reply.headers

    def test_messages_are_in_the_right_log_one_line_each(self, site):
        """In that of the program that started the responder."""
        site.client.create("m")  # some servers start a responder for the first request only
        messages = wait_until(
            lambda: [line for line in site.responder_log().splitlines() if "strange_key" in line],
            5, "the responder's message")
        assert all(line.startswith(ONE_MESSAGE) for line in messages)


def errors_of_apache(site):
    """Lines of level error or worse, but for two of Apache's own about its end: mod_fcgid's at a
    reload, and AH03092, the event MPM's about a connection that it was about to close."""
    return [line for line in site.error_log().splitlines()
            if any(f":{level}]" in line for level in ("error", "crit", "alert", "emerg"))
            and "server is restarted" not in line and "AH03092" not in line]


class TestApache:
    def test_mod_fcgid_stops_processes_without_killing_them(self, make_site):
        """SIGTERM ends them, idle as they are."""
        site = make_site(ApacheSite, supervisor=False)
        site.client.create("m")
        began = time.monotonic()
        site.stop(site.web)
        assert not site.problems
        assert time.monotonic() - began < 4
        assert "graceful kill fail" not in site.error_log()
        assert not errors_of_apache(site)

    def test_mod_fcgid_after_a_graceful_reload(self, make_site):
        site = make_site(ApacheSite, supervisor=False)
        for count in range(1, 4):
            assert site.client.create("m")
            site.reload_web()
            site.await_reload(count)
        assert site.client.create("m")
        assert "graceful kill fail" not in site.error_log()
        assert not errors_of_apache(site)


class TestNginx:
    def test_a_thousand_requests_go_over_the_same_connections(self, make_site):
        site = make_site(NginxSite, supervisor=False)
        response_id = site.client.create("m")["id"]
        connection = http.client.HTTPConnection(*site.client.address, timeout=10)
        path = f"{site.client.prefix}/responses/{response_id}"

        def get():
            connection.request("GET", path, headers={"Authorization": f"Bearer {ALICE}"})
            answer = connection.getresponse()
            assert answer.status == 200
            answer.read()

        get()
        before = accepted(site.directory / "fcgi.sock")
        for _ in range(1000):
            get()
        connection.close()
        assert len(before) in (1, 2)
        after = accepted(site.directory / "fcgi.sock")
        assert after and after <= before  # one may have been closed, none is new


def accepted(path):
    """The inodes of the connections that were accepted on a unix socket."""
    connected = "03"
    with open("/proc/net/unix") as table:
        rows = [line.split() for line in table]
    return {row[6] for row in rows if row[-1] == str(path) and row[5] == connected}


class TestReload:
    # mod_fcgid 2.3.9 may leave a request waiting that needs a new process while it restarts.
    @pytest.mark.parametrize("server", [name for name in SERVERS if name != "apache-mod_fcgid"])
    def test_graceful_reload_under_load_loses_no_request(self, make_site, server):
        site = make_site(SERVERS[server], supervisor=False)
        load = Load(site.client)
        with load.running():
            for _ in range(2):
                before = load.done
                wait_until(lambda: load.done > before + 30, 20, "requests before the reload")
                site.reload_web()
                before = load.done
                wait_until(lambda: load.done > before + 30, 20, "requests after the reload")
                time.sleep(0.5)
        assert not load.failures, load.failures[:5]

    def test_restart_of_the_responder_loses_no_request(self, make_site):
        """Its socket stays open, as with a systemd socket unit."""
        site = make_site(NginxSite, supervisor=False, responder=False)
        argv = [BUILD / "respool.fcgi", "-c", site.config_path, "-w", "4"]
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(site.directory / "fcgi.sock"))
            listener.listen(1024)

            def start():
                site.responder = DescriptorProgram(
                    "respool.fcgi", argv, site.directory, listener)
                site.programs.append(site.responder)
                site.responder.await_children(responder=4, relay=1)

            start()
            load = Load(site.client)
            with load.running():
                for _ in range(5):
                    before = load.done
                    wait_until(lambda: load.done > before + 50, 20, "requests")
                    site.stop(site.responder)
                    start()
        assert not load.failures, load.failures[:5]
        assert not site.problems


def count_processes(program):
    """How many processes run a program file."""
    count = 0
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with contextlib.suppress(OSError):
                count += os.readlink(f"/proc/{entry}/exe") == str(program)
    return count


PATIENCE = 30  # s; half of what a process waits for a client that it has to do with


@contextlib.contextmanager
def clients_that_hang(client, request, count=20):
    """Clients that send this much, and read nothing; more than any file has processes."""
    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(socket.socket()) for _ in range(count)]
        for connection in connections:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.settimeout(PATIENCE)
            connection.connect(client.address)
            connection.sendall(request)
        yield connections


class TestSlowClients:
    @pytest.mark.parametrize("server", [name for name in SERVERS if name != "apache-proxy_fcgi"])
    def test_slow_writers_occupy_no_process(self, make_site, server):
        site = make_site(SERVERS[server], supervisor=False, children=2)
        site.client.create("m")
        half = (f"POST /v1/responses HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {ALICE}\r\n"
                "Content-Type: application/json\r\nContent-Length: 200000\r\n\r\n" + "x" * 100000)
        with clients_that_hang(site.client, half.encode()):
            time.sleep(0.3)  # nothing shows what a web server has read
            for _ in range(4):
                assert site.client.post_create(
                    {"model": "m", "input": "x", "background": True},
                    timeout=PATIENCE).status == 200
            if server == "apache-mod_fcgid":
                assert count_processes(installed_program(site) / "respool.fcgi") <= 2

    @pytest.mark.parametrize("server, count", [
        ("lighttpd", 6), ("lighttpd-spawn", 20), ("nginx", 6)])
    def test_slow_readers_occupy_no_process(self, make_site, server, count, model):
        """There are more of them than processes: two, or as many as the file says."""
        site = make_site(SERVERS[server], children=2)
        site.upstream.script(model, message_stream(["x" * 1_000_000] * 4))
        response_id = site.client.create(model)["id"]
        site.client.wait_terminal(response_id, timeout=PATIENCE)
        assert len(output_text(site.client.poll(response_id))) == 4_000_000
        request = (f"GET /v1/responses/{response_id} HTTP/1.1\r\nHost: x\r\n"
                   f"Authorization: Bearer {ALICE}\r\n\r\n")
        with clients_that_hang(site.client, request.encode(), count) as connections:
            for connection in connections:
                assert connection.recv(12, socket.MSG_PEEK) == b"HTTP/1.1 200"
            for _ in range(4):
                reply = site.client.get("/health/liveliness", timeout=PATIENCE)
                assert (reply.status, reply.json()) == (200, {"status": "alive"})


def fastcgi_answer(port):
    """What a responder answers to a GET that comes over TCP, b"" if it closes the connection."""
    def record(kind, content):
        return struct.pack("!BBHHBx", 1, kind, 1, len(content), 0) + content

    parameters = b"".join(
        struct.pack("BB", len(name), len(value)) + name + value
        for name, value in ((b"REQUEST_METHOD", b"GET"), (b"SCRIPT_NAME", b"/health/liveliness")))
    request = (record(1, struct.pack("!HB5x", 1, 0)) + record(4, parameters) + record(4, b"")
               + record(5, b""))
    with socket.create_connection(("127.0.0.1", port), 5) as connection:
        try:
            connection.sendall(request)
            return connection.recv(4096)
        except ConnectionError:
            return b""


@pytest.mark.parametrize("host, addresses, served", [
    ("127.0.0.1", None, True),
    ("127.0.0.1", "", True),
    ("127.0.0.1", "127.0.0.1", True),
    ("127.0.0.1", "192.0.2.7, 127.0.0.1", True),
    ("127.0.0.1", "192.0.2.7", False),
    ("127.0.0.1", "127.0.0.11", False),
    ("127.0.0.1", "1127.0.0.1", False),
    ("[::]", "127.0.0.1", True),
    ("[::]", "::1", False),
])
def test_only_listed_web_servers_may_connect(make_stack, monkeypatch, host, addresses, served):
    """FCGI_WEB_SERVER_ADDRS, FastCGI 1.0 section 3.2. They connect from 127.0.0.1."""
    if host != "127.0.0.1" and not socket.has_dualstack_ipv6():
        pytest.skip("no IPv6 here")
    if addresses is not None:
        monkeypatch.setenv("FCGI_WEB_SERVER_ADDRS", addresses)
    stack = make_stack(responder=False, supervisor=False, web=False)
    port = free_port()
    stack.responder = stack.start("respool.fcgi", [
        BUILD / "respool.fcgi", "-c", stack.config_path, "-s", f"{host}:{port}"])
    wait_until(lambda: answers(("127.0.0.1", port)), 15, "the responder to listen")
    assert (b"Status: 200" in fastcgi_answer(port)) is served


# What is replaced in each file, so that of the loopback's addresses one alone is let in.
NETWORKS = {
    "apache-mod_fcgid": ("'127.0.0.0/8'", "'127.0.0.2'"),
    "apache-proxy_fcgi": ("'127.0.0.0/8'", "'127.0.0.2'"),
    "lighttpd": ("^(127|", r"^127\.0\.0\.2$|^("),
    "lighttpd-spawn": ("^(127|", r"^127\.0\.0\.2$|^("),
    "nginx": ("127.0.0.0/8", "127.0.0.2"),
}


def status_from(source, site, path):
    connection = http.client.HTTPConnection(*site.address, 10, source_address=(source, 0))
    try:
        connection.request("GET", path, headers={"Authorization": f"Bearer {ADMIN}"})
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


@pytest.mark.parametrize("way", NETWORKS)
def test_other_networks_get_nothing_that_is_for_administrators(make_site, monkeypatch, way):
    old, new = NETWORKS[way]
    kind = SERVERS[way]
    monkeypatch.setattr(
        kind, "replacements", lambda self, all=kind.replacements: {**all(self), old: new})
    site = make_site(kind, supervisor=False)
    for path in ("/respool", "/respool/", "/respool/v1/status", "/metrics", "/metrics/",
                 "/x/respool/v1/workers", "//respool//v1//status", "/%72espool/v1/status",
                 "/x/../respool/v1/status", "/respool%2Fv1%2Fstatus", "/llm/metrics"):
        assert status_from("127.0.0.1", site, path) in (403, 404), path
    assert status_from("127.0.0.1", site, "/health") == 200
    assert status_from("127.0.0.1", site, "/v1/models") == 401
    for path in ("/respool/", "/respool/v1/status", "/metrics"):
        assert status_from("127.0.0.2", site, path) == 200
