"""The operators' page as it comes over HTTP: whole, for anybody, and let to do nothing else."""

import re

import pytest

from harness import BUILD, TOP

STACK = {"supervisor": False}
PAGE = TOP / "app/responder/page/index.html"


def policy_of(reply):
    directives = reply.headers["content-security-policy"].split("; ")
    return dict(directive.split(" ", 1) for directive in directives)


def nonce_of(reply):
    return re.fullmatch(r"'nonce-([0-9a-f]{32})'", policy_of(reply)["script-src"])[1]


@pytest.fixture
def page(client):
    reply = client.with_key(None).get("/respool/")
    assert reply.status == 200
    return reply


def test_page_is_the_file_with_a_nonce_in_it(page):
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.body.decode() == PAGE.read_text().replace("@NONCE@", nonce_of(page))
    assert "@NONCE@" in PAGE.read_text()


def test_page_may_run_its_own_scripts_and_ask_its_own_server_alone(page):
    nonce = f"'nonce-{nonce_of(page)}'"
    assert policy_of(page) == {
        "default-src": "'none'", "script-src": nonce, "style-src": nonce, "connect-src": "'self'",
        "img-src": "data:", "base-uri": "'none'", "form-action": "'none'",
        "frame-ancestors": "'none'"}
    for name, value in (("x-content-type-options", "nosniff"), ("referrer-policy", "no-referrer"),
                        ("cross-origin-opener-policy", "same-origin"),
                        ("cross-origin-resource-policy", "same-origin")):
        assert page.headers.get_all(name) == [value]
    assert "no-store" in page.headers["cache-control"]


def test_each_answer_has_a_nonce_of_its_own(client, page):
    nonces = {nonce_of(client.get("/respool/")) for _ in range(20)} | {nonce_of(page)}
    assert len(nonces) == 21


def test_nothing_in_the_page_runs_without_the_nonce_or_comes_from_elsewhere(page):
    text = page.body.decode()
    for tag in re.findall(r"<(?:script|style)\b[^>]*>", text):
        assert f'nonce="{nonce_of(page)}"' in tag
    assert not re.search(r"\s(?:on\w+|style)\s*=\s*[\"']", text)
    assert not re.search(r"https?://(?!www\.w3\.org/)|(?:src|href|action)\s*=\s*[\"']//", text)


def test_page_is_a_slash_further_under_whatever_prefix(client):
    for path in ("/respool", "/llm/respool"):
        reply = client.with_key(None).get(path)
        assert (reply.status, reply.headers["location"]) == (308, "respool/")
        assert client.with_key(None).get(f"{path}/").status == 200


def test_head_of_the_page_has_no_body(client, page):
    reply = client.with_key(None).request("HEAD", "/respool/")
    assert (reply.status, reply.body) == (200, b"")
    assert reply.headers["content-length"] == page.headers["content-length"]
    assert client.request("POST", "/respool/").status == 405


def test_page_is_there_without_redis(make_stack):
    stack = make_stack({"litellm_settings": {"cache": None, "cache_params": None}},
                       supervisor=False)
    assert stack.client.with_key(None).get("/respool/").status == 200


def test_page_is_in_the_program():
    assert b"</html>" in (BUILD / "respool.fcgi").read_bytes()
