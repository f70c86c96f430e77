"""What doc/migrating.md says: a LiteLLM proxy and respool on one Redis, and the way back."""

import base64
import hashlib
import json
import re
import textwrap

import pytest
import yaml

from deployed import start_nginx
from events import delta, message_stream, opening
from harness import (ALICE, BOB, ID_FORM, TOP, Client, job_key, output_text, response_key,
                     run_program, wait_until)
from litellm_proxy import Proxy
from passing import answer, response_object
from upstream import Hang, Sleep

pytestmark = pytest.mark.once

PAGE = (TOP / "doc" / "migrating.md").read_text()
PROGRAMS = ("respool.fcgi", "respoold")


@pytest.fixture
def proxy(stack):
    """A proxy on the Redis and with the provider of the stack."""
    proxy = Proxy(stack.redis, stack.upstream.base)
    yield proxy
    proxy.close()


@pytest.fixture
def litellm(proxy):
    """A client of the proxy."""
    return Client(proxy.address)


# The proxy writes when an event comes, unless it has written a moment ago.
PAUSE = Sleep(200)


def growing(proxy, stack, model, feed):
    """The id of a response that the proxy grows: "a" so far, and then what the feed brings."""
    stack.upstream.script(model, [*opening(), PAUSE, delta("a"), feed])
    return proxy.create({"model": model, "input": "x", "background": True})["id"]


def end(feed, *words):
    """What is left of a stream that says "abc"."""
    feed.send(*map(delta, words), *message_stream(["abc"])[-4:])
    feed.end()


def is_growing(client, response_id, text="a"):
    return client.wait_for(response_id, lambda object: output_text(object) == text,
                           f"the text {text!r}")


# Both at once


def test_ids_of_both_have_the_same_form(proxy, stack, model):
    stack.upstream.script(model, message_stream(["x"]))
    for made in (proxy.create({"model": model, "input": "x"}), stack.client.create(model)):
        assert ID_FORM.match(made["id"])


def test_a_poll_shows_what_the_proxy_grows_as_it_grows(proxy, client, stack, model, feed):
    response_id = growing(proxy, stack, model, feed)
    assert is_growing(client, response_id)["status"] == "in_progress"
    feed.send(PAUSE, delta("b"))
    is_growing(client, response_id, "ab")
    end(feed, "c")
    final = client.wait_terminal(response_id)
    assert (final["status"], output_text(final)) == ("completed", "abc")
    assert final["usage"]["total_tokens"] > 0


def test_a_poll_with_the_etag_is_a_304_until_the_proxy_writes_again(
        proxy, client, stack, model, feed):
    response_id = growing(proxy, stack, model, feed)
    is_growing(client, response_id)
    etag = client.get_response(response_id).headers["etag"]
    assert client.get_response(response_id, headers={"If-None-Match": etag}).status == 304
    end(feed, "b", "c")
    client.wait_terminal(response_id)
    assert client.get_response(response_id, headers={"If-None-Match": etag}).status == 200


def test_a_cancel_is_shown_at_once_and_the_proxy_s_last_write_says_otherwise(
        proxy, client, litellm, stack, model, feed):
    response_id = growing(proxy, stack, model, feed)
    is_growing(client, response_id)
    assert client.cancel(response_id).json()["status"] == "cancelled"
    assert client.poll(response_id)["status"] == litellm.poll(response_id)["status"] == "cancelled"
    feed.send(PAUSE, delta("b"))
    assert is_growing(client, response_id, "ab")["status"] == "cancelled"
    assert not stack.upstream.requests(model)[0].peer_closed.is_set()
    end(feed, "c")
    assert client.wait_status(response_id, "completed")["output"]


def test_a_cancel_at_the_proxy_ends_in_the_same_way(proxy, client, litellm, stack, model, feed):
    response_id = growing(proxy, stack, model, feed)
    is_growing(client, response_id)
    assert litellm.cancel(response_id).json()["status"] == "cancelled"
    assert client.poll(response_id)["status"] == "cancelled"
    end(feed, "b", "c")
    assert client.wait_status(response_id, "completed")


def test_what_is_deleted_is_not_made_again_by_the_proxy(proxy, client, stack, model, feed):
    response_id = growing(proxy, stack, model, feed)
    is_growing(client, response_id)
    assert client.delete(response_id).json()["deleted"] is True
    end(feed, "b", "c")
    proxy.jobs[response_id].join(10)
    assert client.get_response(response_id).status == 404
    assert stack.stored(response_id) is None


@pytest.mark.parametrize("key", [ALICE, BOB])
def test_what_the_proxy_grows_belongs_to_no_tenant(proxy, client, stack, model, feed, key):
    response_id = growing(proxy, stack, model, feed)
    other = client.with_key(key)
    is_growing(other, response_id)
    assert other.cancel(response_id).status == 200
    assert other.delete(response_id).status == 200
    feed.end()


def test_what_the_proxy_has_stored_is_not_followed_listed_or_continued(
        proxy, client, stack, model):
    stack.upstream.script(model, message_stream(["x"]))
    response_id = proxy.create({"model": model, "input": "x"})["id"]
    client.wait_terminal(response_id)
    assert client.get_response(f"{response_id}?stream=true").status == 400
    assert client.input_items(response_id).status == 404
    reply = client.post_create({"model": model, "input": "x", "background": True,
                                "previous_response_id": response_id})
    assert reply.status == 400


def test_the_proxy_answers_500_to_what_respool_has_stored(proxy, client, litellm, stack, model):
    stack.upstream.script(model, message_stream(["x"]))
    response_id = client.create(model)["id"]
    client.wait_terminal(response_id)
    assert litellm.get_response(response_id).status == 500
    assert litellm.cancel(response_id).status == 500
    assert litellm.delete(response_id).status == 500
    assert client.poll(response_id)["status"] == "completed"


def test_what_respool_grows_is_its_own(proxy, client, litellm, stack, model, feed):
    """The proxy's attempts to cancel and delete it change nothing."""
    stack.upstream.script(model, [*opening(), delta("a"), feed])
    response_id = client.create(model)["id"]
    is_growing(client, response_id)
    litellm.cancel(response_id)
    litellm.delete(response_id)
    end(feed, "b", "c")
    final = client.wait_terminal(response_id)
    assert (final["status"], output_text(final)) == ("completed", "abc")


def test_jobs_of_a_proxy_that_has_ended_stay_until_they_are_cancelled(
        client, stack, model, feed):
    proxy = Proxy(stack.redis, stack.upstream.base, ttl=500)
    response_id = growing(proxy, stack, model, feed)
    is_growing(client, response_id)
    proxy.kill()
    feed.end()
    proxy.jobs[response_id].join(10)
    assert client.poll(response_id)["status"] == "in_progress"
    assert 0 < stack.redis.ttl(response_key(response_id)) <= 500
    assert client.cancel(response_id).json()["status"] == "cancelled"
    assert client.poll(response_id)["status"] == "cancelled"


def test_respool_takes_no_job_of_the_proxy(proxy, client, stack, model, feed):
    response_id = growing(proxy, stack, model, feed)
    is_growing(client, response_id)
    assert not stack.redis.exists(job_key(response_id))
    assert response_id not in stack.queued() + stack.running()
    assert len(stack.upstream.requests(model)) == 1
    feed.end()


def test_a_response_of_respool_is_seen_by_its_own_key_alone(client, stack, model):
    stack.upstream.script(model, message_stream(["x"]))
    response_id = client.create(model)["id"]
    assert client.with_key(BOB).get_response(response_id).status == 404


def test_a_stored_object_has_all_members_from_the_beginning(make_stack, model):
    stack = make_stack(supervisor=False)
    created = stack.client.create(model, temperature=0.5, instructions="Be brief.")
    stored = json.loads(stack.stored(created["id"]))
    assert created == stored == stack.client.poll(created["id"])
    assert (stored["temperature"], stored["instructions"]) == (0.5, "Be brief.")
    assert {"error", "incomplete_details", "metadata", "model", "parallel_tool_calls", "reasoning",
            "text", "tool_choice", "tools", "truncation", "usage"} <= set(stored)


def test_cancel_leaves_what_has_ended_as_it_is(proxy, client, litellm, stack, model):
    stack.upstream.script(model, message_stream(["x"]))
    ours = client.wait_terminal(client.create(model)["id"])
    assert client.cancel(ours["id"]).json() == ours
    theirs = client.wait_terminal(proxy.create({"model": model, "input": "x"})["id"])
    assert client.cancel(theirs["id"]).json()["status"] == "completed"
    assert litellm.cancel(theirs["id"]).json()["status"] == "cancelled"


def test_cancel_closes_the_connection_to_the_provider(client, stack, model):
    stack.upstream.script(model, [*opening(), delta("a"), Hang()])
    response_id = client.create(model)["id"]
    is_growing(client, response_id)
    client.cancel(response_id)
    assert stack.upstream.requests(model)[0].peer_closed.wait(10)


# The web server before both


def web_server_s_text(stack, proxy, share):
    """The one on the page, with the addresses of the test."""
    text = textwrap.dedent(re.search(r"^ +upstream litellm(?:.*\n)+?(?=\n7\. )", PAGE, re.M)[0])
    replacements = {"127.0.0.1:4000": f"127.0.0.1:{proxy.address[1]}",
                    "127.0.0.1:8080": f"unix:{stack.directory}/http.sock",
                    "    10%  respool;\n": f"    {share}  respool;\n" if share else ""}
    if share == "100%":
        replacements["    *    litellm;\n"] = ""
    for old, new in replacements.items():
        assert old in text, old
        text = text.replace(old, new)
    return text


@pytest.fixture
def front(make_stack):
    """front(SHARE) is a client of nginx before both, the stack and the proxy."""
    proxies = []

    def make(share):
        stack = make_stack()
        proxy = Proxy(stack.redis, stack.upstream.base)
        proxies.append(proxy)
        _, address = start_nginx(stack, web_server_s_text(stack, proxy, share))
        return Client(address), stack, proxy

    yield make
    for proxy in proxies:
        proxy.close()


def test_polls_go_to_respool_and_creates_to_the_proxy(front, model):
    client, stack, proxy = front(None)
    stack.upstream.script(model, message_stream(["Hello"]))
    ours = stack.client.create(model)["id"]
    theirs = client.create(model)["id"]
    assert theirs in proxy.jobs
    for response_id in (ours, theirs):
        assert output_text(client.wait_terminal(response_id)) == "Hello"
        assert client.get_response(response_id).headers["etag"]
        assert client.cancel(response_id).json()["status"] == "completed"
        assert client.delete(response_id).json()["deleted"] is True


def test_a_client_stays_with_one_of_both(front, model):
    client, stack, proxy = front("50%")
    stack.upstream.script(model, message_stream(["Hello"]))
    gone_to = {}
    for number in range(40):
        key = f"sk-of-client-{number}"
        answers = {client.with_key(key).post_create(
            {"model": model, "input": "x", "background": True}).status for _ in range(2)}
        assert len(answers) == 1
        gone_to[key] = answers.pop()
    # respool does not know these keys; the proxy asks for none.
    assert set(gone_to.values()) == {200, 401}


def test_the_way_back_loses_nothing_that_respool_has_begun(front, model, feed):
    client, stack, proxy = front("100%")
    stack.upstream.script(model, [*opening(), delta("a"), feed])
    begun = client.create(model)["id"]
    assert begun not in proxy.jobs
    is_growing(client, begun)

    text = web_server_s_text(stack, proxy, None)
    port = client.address[1]
    (stack.directory / "nginx-http.conf").write_text(
        text.replace("listen 80;", f"listen 127.0.0.1:{port};"))
    nginx = next(program for program in stack.programs if program.name == "nginx")
    nginx.send_signal(1)
    made = []

    def goes_back():
        made.append(client.create(f"{model}-later")["id"])
        return made[-1] in proxy.jobs

    stack.upstream.script(f"{model}-later", message_stream(["later"]))
    wait_until(goes_back, what="creates to go to the proxy")
    end(feed, "b", "c")
    final = client.wait_terminal(begun)
    assert (final["status"], output_text(final)) == ("completed", "abc")
    for response_id in made:
        assert output_text(client.wait_terminal(response_id)) == "later"


def test_what_respool_has_stored_expires_ttl_seconds_after_its_end(make_stack, model):
    stack = make_stack({"litellm_settings": {"responses": {"background_mode": {"ttl": 1}}}})
    stack.upstream.script(model, message_stream(["x"]))
    response_id = stack.client.create(model)["id"]
    wait_until(lambda: stack.client.get_response(response_id).status == 404, what="its end")


# What a proxy has marked


def marked(provider, model_id, response_id):
    """An id as a proxy gives it out."""
    text = f"litellm:custom_llm_provider:{provider};model_id:{model_id};response_id:{response_id}"
    return "resp_" + base64.b64encode(text.encode()).decode()


def encrypted(response_id):
    """One that the proxy has encrypted, too: bytes that nobody else can read."""
    return "resp_" + base64.urlsafe_b64encode(
        hashlib.sha512(response_id.encode()).digest() * 3).decode()


@pytest.fixture
def two(make_stack):
    """A stack with two deployments of one model, which differ in their key."""
    def deployment(name):
        return {"model_name": "m", "model_info": {"id": name}, "litellm_params": {
            "model": "openai/served", "api_key": f"sk-of-{name}", "timeout": 30}}

    return make_stack({"model_list": [deployment("north"), deployment("south")]})


def keys_of(exchanges):
    return {exchange.header("authorization").removeprefix("Bearer sk-of-")
            for exchange in exchanges}


@pytest.mark.parametrize("name", ["north", "south"])
@pytest.mark.parametrize("method, below", [("GET", ""), ("DELETE", ""), ("POST", "/cancel")])
def test_a_marked_id_is_asked_of_the_deployment_in_it(two, name, method, below):
    path = f"/v1/responses/resp_inner{below}"
    two.upstream.script(path, answer(response_object("resp_inner")))
    for _ in range(4):
        reply = two.client.request(
            method, f"/v1/responses/{marked('openai', name, 'resp_inner')}{below}",
            body={} if method == "POST" else None)
        assert reply.status == 200, reply
    assert keys_of(two.upstream.requests(path)) == {name}


@pytest.mark.parametrize("name", ["north", "south"])
def test_a_marked_id_is_continued_by_the_deployment_in_it(two, name):
    two.upstream.script("served", answer(response_object("resp_next")))
    for _ in range(4):
        reply = two.client.post_create({"model": "m", "input": "x", "previous_response_id": marked(
            "openai", name, "resp_inner")})
        assert reply.status == 200, reply
    exchanges = two.upstream.requests("served")
    assert keys_of(exchanges) == {name}
    assert {exchange.json()["previous_response_id"] for exchange in exchanges} == {"resp_inner"}


def test_a_marked_id_of_an_unknown_deployment_is_asked_of_the_one_of_its_provider(client, stack):
    path = "/v1/responses/resp_inner"
    stack.upstream.script(path, answer(response_object("resp_inner")))
    reply = client.get_response(marked("openai", "of-another-file", "resp_inner"))
    assert reply.status == 200, reply
    assert len(stack.upstream.requests(path)) == 1


def test_a_marked_id_of_an_unknown_deployment_is_a_404_where_several_could_have_made_it(two):
    reply = two.client.get_response(marked("openai", "of-another-file", "resp_inner"))
    assert (reply.status, reply.error()["code"]) == (404, "response_not_found")
    assert two.upstream.exchanges == []


@pytest.mark.parametrize("method, below", [("GET", ""), ("DELETE", ""), ("POST", "/cancel")])
def test_an_id_that_the_proxy_has_encrypted_is_a_404(two, method, below):
    reply = two.client.request(method, f"/v1/responses/{encrypted('resp_inner')}{below}",
                               body={} if method == "POST" else None)
    assert (reply.status, reply.error()["code"]) == (404, "response_not_found")
    assert two.upstream.exchanges == []


@pytest.mark.parametrize("name", ["north", "south"])
@pytest.mark.parametrize("background", [True, False])
def test_marked_reasoning_goes_to_the_deployment_in_it_without_the_mark(two, name, background):
    mark = base64.b64encode(f"model_id:{name}".encode()).decode()
    item = {"type": "reasoning", "id": "rs_1", "summary": [],
            "encrypted_content": f"litellm_enc:{mark};the secret"}
    script = message_stream(["x"]) if background else answer(response_object())
    two.upstream.script("served", script)
    for _ in range(4):
        reply = two.client.post_create({"model": "m", "background": background, "input": [
            item, {"role": "user", "content": "x"}]})
        assert reply.status == 200, reply
        if background:
            two.client.wait_terminal(reply.json()["id"])
    exchanges = two.upstream.requests("served")
    assert keys_of(exchanges) == {name}
    assert {exchange.json()["input"][0]["encrypted_content"] for exchange in exchanges} == {
        "the secret"}


# The page's lists


def section(title):
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def rows(text):
    """The cells of the rows of the tables in a text, without their heads."""
    for line in text.splitlines():
        if line.startswith("|") and not line.startswith("|--"):
            cells = [cell.strip() for cell in line[1:-1].split(" | ")]
            if cells[0] not in ("variable", "LiteLLM", "", "key", "warning"):
                yield cells


def sources():
    return "".join(path.read_text() for path in (TOP / "common").rglob("*.[ch]"))


def test_every_key_that_is_said_to_mean_the_same_is_read():
    text = section("Keys that mean the same")
    named = set(re.findall(r"`(\w+)`", text))
    assert {"model_list", "order", "namespace", "temperature"} <= named
    read = set(re.findall(r'"(\w+)"', sources()))
    assert named - read - {"background_mode", "ssl_"} == set()


def keys_of_the_manual(section):
    text = (TOP / "doc" / "respool.yaml.5").read_text()
    text = text.partition(f"\n.Ss {section}\n")[2].partition("\n.Ss ")[0]
    return set(re.findall(r"\w+", " ".join(re.findall(r"^\.It Cm (.*)$", text, re.M))))


@pytest.mark.parametrize("name", ["litellm_settings", "router_settings", "general_settings"])
def test_keys_that_mean_the_same_are_in_the_section_of_that_name(name):
    """The manual is held against the code elsewhere."""
    listed = re.search(rf"^- `{name}`: (.*?)(?=^- |^$)",
                       section("Keys that mean the same"), re.M | re.S)[1]
    keys = set(re.findall(r"`(\w+)`", listed)) - {"litellm_settings"}
    assert len(keys) > 2 and keys <= keys_of_the_manual(name)


def test_members_that_are_said_to_be_obeyed_are():
    """What becomes of each is in a table of the sources."""
    table = (TOP / "common" / "response" / "gateway_names.c").read_text()
    obeyed, _, others = PAGE.partition("are obeyed here as well:")[2].partition(" The others, as ")
    named = re.findall(r"`(\w+)`", obeyed)
    assert set(named) == set(re.findall(r'\{"(\w+)", OBEYED\}', table))
    for name in re.findall(r"`(\w+)`", others.partition("are left")[0]):
        assert f'{{"{name}", ' in table, name


def headers_of_the_page(begin, end):
    return re.findall(r"`([\w-]+)`", PAGE.partition(begin)[2].partition(end)[0])


@pytest.mark.parametrize("name", headers_of_the_page("Keys may come in ", "too."))
def test_keys_come_in_these_headers_too(client, name):
    nobody = client.with_key(None)
    assert nobody.get("/v1/models").status == 401
    assert nobody.get("/v1/models", headers={name: ALICE}).status == 200


@pytest.mark.parametrize("name", headers_of_the_page("The headers ", " say the same"))
def test_headers_say_the_same_as_members(client, stack, model, name):
    """A value that none can have is refused by the member's name, or the header's."""
    stack.upstream.script(model, message_stream(["x"]))
    body = {"model": model, "input": "x", "background": True}
    assert client.post_create(body, headers={name: "1"}).status == 200
    assert client.post_create(body, headers={name: "many"}).status == 400


def test_variables_are_read_or_not_as_the_page_says():
    text = sources()
    for names, says in rows(section("Environment")):
        for name in re.findall(r"`([A-Z_]+)`", names):
            assert (f'"{name}"' in text) == ("not read" not in says), name


def test_defaults_of_time_outs_are_those_of_the_page():
    text = section("Time-outs")
    manual = (TOP / "doc" / "respool.yaml.5").read_text()
    assert "else 6000 s." in text and "Default: 600 s." in text
    assert re.search(r"^else 6000\.$", manual, re.M)
    sources_of_config = (TOP / "common" / "config" / "config_draft.c").read_text()
    named = re.findall(r"`(\w+)`[a-z ]* (\d+)", PAGE.partition("where they are not given:")[2][:99])
    assert len(named) == 3
    for name, number in named:
        assert f".{name} = {number}," in sources_of_config, name


def routes(begin, end):
    """The paths that the page names between these words."""
    return re.findall(r"`(/[\w/…]+)`", PAGE.partition(begin)[2].partition(end)[0])


@pytest.mark.parametrize("path", routes("What else\na proxy has", "is a 404"))
def test_routes_that_are_said_to_be_none_are_a_404(client, path):
    for prefix in ("", "/v1"):
        reply = client.get(prefix + path.replace("…", "generate"))
        assert reply.status == 404
        assert re.search(r"Served are: .*\bresponses\b", reply.error()["message"])


@pytest.mark.parametrize("path", routes("Routes that are served:", ", each"))
def test_routes_that_are_said_to_be_served_are(client, path):
    """They say something else than that they do not exist: 405, or what is missing in a body."""
    for prefix in ("", "/v1", "/openai/v1"):
        reply = client.request("POST", prefix + path, body={}, headers={})
        assert "Unknown request URL" not in reply.body.decode(), reply


def test_what_browsers_ask_first_is_the_web_server_s_affair(client):
    assert client.request("OPTIONS", "/v1/responses").status == 405
    assert client.with_key(None).request("OPTIONS", "/v1/responses").status == 401


@pytest.mark.parametrize("program", PROGRAMS)
def test_keys_are_read_as_the_page_writes_them(program, directory, monkeypatch):
    text = textwrap.dedent(re.search(r"^ +respool:\n(?:  .*\n)+", PAGE, re.M)[0])
    monkeypatch.setenv("WEB_KEY", "sk-web")
    assert said(program, directory, {**GOOD, **yaml.safe_load(text)}) == ""


# How to have each warning of the page said: what is changed in a good file.

GOOD = {
    "model_list": [{"model_name": "m", "litellm_params": {
        "model": "openai/m", "api_key": "sk-x", "api_base": "http://127.0.0.1:9/v1"}}],
    "general_settings": {"master_key": "sk-m"},
    "litellm_settings": {"cache": True, "cache_params": {"type": "redis", "host": "127.0.0.1"}},
}


def placed(path, value):
    """A good file in which the key of this path has the value."""
    config = json.loads(json.dumps(GOOD))
    place = config
    *above, last = path.split(".")
    for name in above:
        place = place.setdefault(name, {})
        place = place[0] if isinstance(place, list) else place
    place[last] = value
    return config


def said(program, directory, config):
    """What the program says of such a file, without the places of lists."""
    path = directory / "config.yaml"
    path.write_text(json.dumps(config))
    result = run_program(program, "-t", "-c", path)
    assert result.returncode == 0, result
    return re.sub(r"\[\d*\]", "", result.stderr.decode())


def quoted(cell):
    return re.findall(r"`([^`]+)`", cell)


UNIMPLEMENTED = [(key, quoted(cells[1])[0]) for cells in rows(section("Warnings"))
                 if len(cells) == 3 for key in quoted(cells[0])]


@pytest.mark.parametrize("key, follows", UNIMPLEMENTED, ids=[key for key, _ in UNIMPLEMENTED])
@pytest.mark.parametrize("program", PROGRAMS)
def test_what_follows_from_a_key_is_what_the_programs_say(program, key, follows, directory):
    text = said(program, directory, placed(key, ["x"]))
    assert f": {key}: not implemented: {follows}\n" in text, text


@pytest.mark.parametrize("key, value", [
    ("litellm_settings.set_verbose", True), ("litellm_settings.json_logs", True),
    ("litellm_settings.cache_params.supported_call_types", ["acompletion"]),
    ("general_settings.database_connection_pool_limit", 10),
    ("general_settings.disable_responses_id_security", True),
    ("model_list.model_info", {"base_model": "x", "input_cost_per_token": 1}),
])
@pytest.mark.parametrize("program", PROGRAMS)
def test_key_that_changes_nothing_is_passed_over(program, key, value, directory):
    assert said(program, directory, placed(key, value)) == ""


def params(**params):
    return placed("model_list", [{"model_name": "m", "litellm_params": params}])


# In the order of the page.
OTHERS = [
    placed("router_settings.routing_strategy", "least-busy"),
    placed("litellm_settings.fallbacks", [{"m": ["elsewhere"]}]),
    params(model="vertex_ai/gemini"),
    params(model="unheard_of/m"),
    GOOD,
    placed("litellm_settings.cache_params", {"type": "s3"}),
    placed("litellm_settings", {"responses": {"background_mode": {"polling_via_cache": "all"}}}),
]


def other_warnings():
    return [quoted(cells[0])[0] for cells in rows(section("Warnings")) if len(cells) == 2]


def test_other_warnings_of_the_page_are_what_the_programs_say(directory, monkeypatch):
    assert len(other_warnings()) == len(OTHERS)
    for warning, config in zip(other_warnings(), OTHERS):
        pattern = ".*".join(re.escape(part) for part in warning.split("…"))
        monkeypatch.delenv("REDIS_URL", raising=False)
        if config is GOOD:
            monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1")
        text = said("respool.fcgi", directory, config)
        assert re.search(pattern, text), f"{warning}: {text}"


def test_without_a_redis_respoold_does_not_start(directory):
    path = directory / "config.yaml"
    path.write_text(json.dumps(OTHERS[-1]))
    assert run_program("respoold", "-t", "-c", path).returncode == 1
