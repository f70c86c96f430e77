"""One post of a webhook, as the console makes it: it needs neither Redis nor a worker."""

import ipaddress
import json
import re
import socket

import pytest

import standard_webhooks
from harness import environment, run_program, strict_json
from receiver import CLOSES, ENDLESS, OK, RESETS, Receiver, answer, failure
from upstream import Cut, Gate, Hang, Script

SECRET = standard_webhooks.new_secret()
DEAD_PROXY = "http://127.0.0.1:1"


@pytest.fixture(scope="module")
def hooks():
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture(scope="module")
def tls_hooks(tmp_path_factory):
    receiver = Receiver(tmp_path_factory.mktemp("tls"))
    yield receiver
    receiver.close()


class Sender:
    """respoolctl webhooks test, with a configuration that has these endpoints."""

    def __init__(self, directory):
        self.config = directory / "config.yaml"

    def configure(self, *endpoints):
        """JSON is YAML."""
        self.config.write_text(json.dumps({
            "model_list": [{"model_name": "m", "litellm_params": {
                "model": "openai/m", "api_key": "k"}}],
            "general_settings": {"master_key": "sk-m"},
            "respool": {"webhooks": list(endpoints)}}))

    def run(self, word, *options, **variables):
        return run_program("respoolctl", "-c", self.config, *options, "webhooks", "test", word,
                           env={**environment(), **variables}, timeout=30)

    def deliver(self, word, **variables):
        """What it prints of one that is delivered, by its words."""
        result = self.run(word, **variables)
        assert (result.returncode, result.stderr) == (0, b""), result
        return facts(result)

    def fail(self, word, **variables):
        """What it prints of one that is not, and the one line of its complaint."""
        result = self.run(word, **variables)
        assert result.returncode == 1, result
        complaint = result.stderr.decode()
        assert complaint.startswith("respoolctl: webhooks test: ") and complaint.count("\n") == 1
        return facts(result), complaint.removeprefix("respoolctl: webhooks test: ").rstrip("\n")


def facts(result):
    lines = result.stdout.decode().splitlines()
    return {line[:11].rstrip(): line[12:] for line in lines}


@pytest.fixture
def sender(tmp_path):
    return Sender(tmp_path)


@pytest.fixture
def path(request):
    """Of the test's own deliveries."""
    return "/" + re.sub(r"\W", "-", request.node.name)


def to(sender, receiver, path, script=OK, **options):
    """An endpoint called hooks, which answers as the script says."""
    receiver.script(path, script)
    sender.configure(receiver.endpoint("hooks", SECRET, path, **options))


def test_a_signed_event_arrives(sender, hooks, path):
    to(sender, hooks, path)
    told = sender.deliver("hooks")
    delivery, = hooks.deliveries(path)
    event = delivery.verify(SECRET)
    assert told.keys() == {"endpoint", "webhook id", "status", "seconds"}
    assert (told["endpoint"], told["status"]) == ("hooks", "200")
    assert told["webhook id"] == delivery.id and re.fullmatch(r"wh_[0-9a-f]{32}", delivery.id)
    assert float(told["seconds"]) >= 0
    assert event["type"] == "response.completed"
    assert re.fullmatch(r"resp_test_[0-9a-f]{32}", event["data"]["id"])
    assert delivery.headers["user-agent"].startswith("respool/")


def test_each_test_is_another_delivery(sender, hooks, path):
    to(sender, hooks, path)
    sender.deliver("hooks")
    sender.deliver("hooks")
    first, second = hooks.deliveries(path)
    assert first.id != second.id and first.response != second.response


def test_an_endpoint_is_found_by_its_url(sender, hooks, path):
    to(sender, hooks, path)
    assert sender.deliver(hooks.url(path))["endpoint"] == "hooks"
    assert "no such endpoint" in sender.fail(hooks.url(path) + "/more")[1]


def test_every_secret_signs(sender, hooks, path):
    older = standard_webhooks.new_secret()
    hooks.script(path, OK)
    sender.configure(hooks.endpoint("hooks", [SECRET, older], path))
    sender.deliver("hooks")
    delivery, = hooks.deliveries(path)
    assert len(delivery.signatures) == 2
    delivery.verify(SECRET)
    delivery.verify(older)


@pytest.mark.parametrize("events, told", [
    (["response.cancelled", "response.failed"], "response.failed"),
    (["response.cancelled"], "response.cancelled")])
def test_the_event_is_one_that_the_endpoint_is_told_of(sender, hooks, path, events, told):
    to(sender, hooks, path, events=events)
    sender.deliver("hooks")
    assert hooks.deliveries(path)[0].event["type"] == told


def test_json_tells_both_ends(sender, hooks, path):
    to(sender, hooks, path)
    result = sender.run("hooks", "--json")
    told = strict_json(result.stdout)
    assert result.returncode == 0 and told.pop("seconds") >= 0
    assert told == {"endpoint": "hooks", "webhook_id": hooks.deliveries(path)[0].id,
                    "delivered": True, "status": 200, "error": None}
    to(sender, hooks, path, failure(500))
    result = sender.run("hooks", "--json")
    told = strict_json(result.stdout)
    assert result.returncode == 1
    assert (told["delivered"], told["status"], told["error"]) == (False, 500, "HTTP status 500")


def test_who_is_unknown_is_told_who_is_known(sender, hooks):
    sender.configure(hooks.endpoint("one", SECRET), hooks.endpoint("two", SECRET))
    assert sender.fail("three") == (
        {}, "three: no such endpoint, expected one of: one, two")
    sender.configure()
    assert sender.fail("three") == ({}, "respool.webhooks names no endpoint")


def test_without_its_secret_nothing_is_sent(sender, hooks, path):
    hooks.script(path, OK)
    sender.configure(hooks.endpoint("hooks", "os.environ/RESPOOL_TEST_HOOK_SECRET", path))
    assert sender.fail("hooks") == ({}, "hooks: its secret is not set here")
    assert hooks.deliveries(path) == []
    sender.deliver("hooks", RESPOOL_TEST_HOOK_SECRET=SECRET)
    hooks.deliveries(path)[0].verify(SECRET)


def test_a_redirect_is_not_followed(sender, hooks, path):
    to(sender, hooks, path, answer(307, headers={"Location": hooks.url(f"{path}/other")}))
    told, complaint = sender.fail("hooks")
    assert (told["status"], complaint) == (
        "307", "hooks: HTTP status 307: redirects are not followed")
    assert len(hooks.deliveries(path)) == 1 and hooks.deliveries(f"{path}/other") == []


def test_a_failure_s_answer_is_told_without_its_control_characters(sender, hooks, path):
    to(sender, hooks, path, answer(500, [b"no\x1b[31m", b"pe\r\n"]))
    told, complaint = sender.fail("hooks")
    assert (told["status"], complaint) == ("500", "hooks: HTTP status 500")
    assert told["answer"] == "no\u241b[31mpe\u240d\u240a"


def test_an_answer_is_shown_without_path_and_secret(sender, hooks, path):
    to(sender, hooks, path, answer(404, [f"Cannot POST {path} by {SECRET}".encode()]))
    assert sender.fail("hooks")[0]["answer"] == "Cannot POST \u2026 by \u2026"


def test_no_more_than_a_kilobyte_of_an_answer_is_told(sender, hooks, path):
    to(sender, hooks, path, answer(500, ENDLESS.steps))
    assert sender.fail("hooks")[0]["answer"] == "x" * 1024


def test_the_rest_of_a_success_is_not_waited_for(sender, hooks, path):
    """It would never come."""
    to(sender, hooks, path, answer(200, [b"thank", Hang()]))
    told = sender.deliver("hooks")
    assert told["status"] == "200" and "answer" not in told


def test_an_answer_may_come_late(sender, hooks, path):
    gate = Gate()
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    to(sender, hooks, path, Script([gate, head, Cut()], framing="raw"))
    hooks.choose(lambda delivery: gate.open() if delivery.path == path else None)
    assert sender.deliver("hooks")["status"] == "200"


@pytest.mark.parametrize("script, reason", [
    (CLOSES, ".+"),
    (RESETS, ".*[Rr]eset.*"),
    (Script([b"HTTP/1.1 200 OK\r\nContent-", Cut()], framing="raw"), ".+"),
    (Script([b"HTTP/1.1 101 Switching Protocols\r\n\r\n", Hang()], framing="raw"),
     "no valid answer: its status is 101"),
], ids=["closes", "resets", "half", "switches"])
def test_what_is_no_answer_is_told(sender, hooks, path, script, reason):
    """Most of the words are libcurl's, which are not the same in all of its versions."""
    to(sender, hooks, path, script)
    told, complaint = sender.fail("hooks")
    assert re.fullmatch(f"hooks: {reason}", complaint)
    assert told.keys() == {"endpoint", "webhook id", "seconds"}


def trusting(receiver):
    return {"SSL_CERT_FILE": str(receiver.tls.certificate), "CURL_CA_BUNDLE": ""}


def test_a_certificate_is_verified(sender, tls_hooks, path):
    to(sender, tls_hooks, path)
    _, complaint = sender.fail("hooks")
    assert "certificate" in complaint
    assert tls_hooks.deliveries(path) == []
    sender.deliver("hooks", **trusting(tls_hooks))
    tls_hooks.deliveries(path)[0].verify(SECRET)


def test_a_certificate_is_for_the_host_of_the_url(sender, tls_hooks, path):
    url = tls_hooks.url(path, host="localhost")
    sender.configure({"name": "hooks", "url": url, "secret": SECRET})
    _, complaint = sender.fail("hooks", **trusting(tls_hooks))
    assert "localhost" in complaint and "SSL" in complaint
    assert tls_hooks.deliveries(path) == []


def test_no_proxy_is_used(sender, hooks, path):
    to(sender, hooks, path)
    sender.deliver("hooks", http_proxy=DEAD_PROXY, all_proxy=DEAD_PROXY, ALL_PROXY=DEAD_PROXY)


def own_address():
    """What this machine's name resolves to for it, by a file or a server of names."""
    try:
        found = socket.getaddrinfo(socket.gethostname(), None, type=socket.SOCK_STREAM)
    except socket.gaierror:
        pytest.skip("this machine's name does not resolve")
    addresses = [found_one[4][0].partition("%")[0] for found_one in found]
    if any(ipaddress.ip_address(address).is_global for address in addresses):
        pytest.skip("this machine's name resolves to a public address")
    return addresses


def test_a_name_that_resolves_to_a_private_address_is_refused(sender):
    addresses = own_address()
    with socket.create_server(("", 0)) as listener:
        port = listener.getsockname()[1]
        url = f"https://{socket.gethostname()}:{port}/hook"
        sender.configure({"name": "hooks", "url": url, "secret": SECRET})
        told, complaint = sender.fail("hooks")
        assert told.keys() == {"endpoint", "webhook id", "seconds"}
        refused = re.fullmatch(r"hooks: its host's address (\S+) is not public", complaint)
        assert refused and refused[1] in addresses
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()
