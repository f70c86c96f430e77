"""The operators' page, in Chromium, by the real programs behind lighttpd and under a prefix."""

import itertools
import json
from urllib.parse import urlsplit

import pytest

from browser import Browser
from deployed import LighttpdSite
from events import delta, message_stream, opening
from harness import ALICE, TOP, wait_until
from operating import await_whole_day, note_use, use_day
from receiver import OK, Receiver, failure
from redis_proxy import RedisProxy
from standard_webhooks import new_secret
from upstream import json_error

pytestmark = pytest.mark.once

ADMIN = "sk-admin-51e0c2d7"
MALLORY = "sk-mallory-77aa01bc"
HOSTILE = "<img src=x onerror='window.hit=1'><script>window.hit=1</script>"
TURNED = "\u202eeman\x1b[31m"
PAGE = TOP / "app" / "responder" / "page" / "index.html"


def at(site):
    return f"http://127.0.0.1:{site.address[1]}{site.mount}/respool/"


@pytest.fixture(scope="module")
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture(scope="module")
def site(receiver):
    deployment = {"model": "openai/*", "api_key": "os.environ/RESPOOL_TEST_PROVIDER_KEY"}
    site = LighttpdSite(mount="/some/where", workers=2, config={
        "model_list": [
            {"model_name": "*", "litellm_params": dict(deployment)},
            {"model_name": HOSTILE, "litellm_params": {**deployment, "model": "openai/hostile"}}],
        "respool": {
            "api_keys": [{"name": "alice", "key": ALICE}, {"name": HOSTILE, "key": MALLORY}],
            "admin_keys": [{"name": "ops", "key": ADMIN}],
            "failed_request_ttl": 600,
            "webhooks": [receiver.endpoint("crm", new_secret(), tenants=[])],
            "allow_request_webhooks": True,
        },
    })
    yield site
    site.close()


@pytest.fixture(scope="module")
def browser():
    browser = Browser()
    yield browser
    browser.close()


@pytest.fixture
def stack(site):
    return site


@pytest.fixture
def tab(site, browser):
    """Whatever a test does, nobody else is asked, and the browser has nothing to complain about."""
    tab = browser.tab()
    tab.address = at(site)
    yield tab
    hosts = {urlsplit(url).netloc for url in tab.requests} - {""}
    tab.close()
    assert hosts <= {f"127.0.0.1:{site.address[1]}"}
    # An answer that is no success is one, too.
    assert not [text for text in tab.complaints if "Failed to load resource" not in text]


def sign_in(tab, key=ADMIN, at=""):
    tab.go(tab.address + at)
    tab.wait("document.activeElement.id === 'key'")
    tab.type(key)
    tab.press("Enter")


def signed_in(tab, at=""):
    sign_in(tab, at=at)
    tab.wait_shown("Last updated")


def link(response_id):
    return f'#responses a[href="#{response_id}"]'


def open_response(tab, response_id):
    tab.click(link(response_id))
    tab.wait("document.getElementById('facts').childElementCount > 0")


def shown_status(tab, status):
    tab.wait(f"document.querySelector('#facts .status')?.textContent === {json.dumps(status)}")


def completed_response(client, upstream, model, text):
    upstream.script(model, message_stream([text]))
    return client.wait_terminal(client.create(model)["id"])["id"]


class SlowSite(LighttpdSite):
    """Redis answers late."""

    def start_redis(self):
        super().start_redis()
        path = self.directory / "slow.sock"
        self.proxy = RedisProxy(path, self.directory / "redis.sock", delays=itertools.repeat(0.1))
        self.config["litellm_settings"]["cache_params"]["socket_path"] = str(path)
        self.write_config()

    def close(self, check=True):
        super().close(check)
        self.proxy.close()


def test_a_slow_redis_is_named(browser):
    site = SlowSite(config={"respool": {"admin_keys": [{"name": "ops", "key": ADMIN}]}})
    tab = browser.tab()
    try:
        tab.address = at(site)
        signed_in(tab)
        tab.wait_shown("A round trip to Redis takes 10")
    finally:
        tab.close()
        site.close()


def test_the_source_has_nothing_that_makes_html_of_text_and_names_no_host():
    source = PAGE.read_text()
    for word in ("innerHTML", "outerHTML", "insertAdjacent", "document.write", "eval(", "Function(",
                 "localStorage", "document.cookie", " style=", " onclick=", "https:"):
        assert word not in source, word
    assert source.count("http:") == source.count("http://www.w3.org/2000/svg") == 1
    assert source.count("@NONCE@") == 2
    assert len(source.encode()) <= 60_000


def test_the_keyboard_alone_signs_in_opens_a_response_and_comes_back(tab, client, upstream, model):
    response = completed_response(client, upstream, model, "Read me.")
    signed_in(tab)
    tab.wait(f"document.querySelector('{link(response)}')")
    tab.tab_to(link(response))
    tab.press("Enter")
    tab.wait_shown("Read me.")
    tab.wait("document.getElementById('opened').contains(document.activeElement)")
    tab.press("Escape")
    tab.wait("!document.getElementById('opened').open")
    assert tab.evaluate(f"document.activeElement.matches('{link(response)}')")
    tab.wait("location.hash === ''")


@pytest.mark.parametrize("key, answer", [
    ("sk-nobody", "This key is not known."), (ALICE, "This is not an admin key."),
    ("schlüssel", "This key is not known.")])
def test_a_wrong_key_is_told_and_asked_for_again(tab, key, answer):
    sign_in(tab, key)
    tab.wait_shown(answer)
    assert tab.evaluate("sessionStorage.length") == 0
    assert tab.evaluate("document.activeElement.id") == "key"
    tab.type(ADMIN)
    tab.press("Enter")
    tab.wait_shown("Last updated")


def test_the_key_is_kept_for_the_tab_alone_until_it_is_signed_out(tab):
    signed_in(tab)
    assert ADMIN in tab.evaluate("JSON.stringify(sessionStorage)")
    assert tab.evaluate("[localStorage.length, document.cookie, document.forms[0].elements[0].value]") \
        == [0, "", ""]
    assert not any(ADMIN in url for url in [*tab.requests, tab.evaluate("location.href")])
    tab.go(tab.address)
    tab.wait_shown("Last updated")
    tab.click("#sign-out")
    tab.wait("document.activeElement.id === 'key'")
    assert tab.evaluate("sessionStorage.length") == 0


def test_a_key_that_is_not_accepted_any_more_leads_back_to_the_form(tab):
    tab.go(tab.address)
    tab.evaluate("sessionStorage.setItem('respool.admin_key', 'sk-old')")
    tab.go(tab.address)
    tab.wait_shown("The key is not accepted any more.")
    assert tab.evaluate("sessionStorage.length") == 0


def test_a_response_is_seen_to_grow_and_is_cancelled(tab, client, upstream, model, feed):
    upstream.script(model, [feed])
    response = client.create(model)["id"]
    feed.send(*opening(), delta("It begins"))
    signed_in(tab)
    tab.wait(f"document.querySelector('{link(response)}')")
    open_response(tab, response)
    tab.wait_shown("It begins")
    feed.send(delta(" and goes on."))
    tab.wait_shown("It begins and goes on.")
    tab.click("#cancel")
    tab.press("Enter")  # the answer that has the focus is "no"
    tab.wait("document.activeElement.id === 'cancel'")
    assert client.poll(response)["status"] == "in_progress"
    tab.click("#cancel")
    tab.click("#cancel-place .grave:not([hidden])")
    shown_status(tab, "cancelled")
    assert client.poll(response)["status"] == "cancelled"
    tab.wait("!document.getElementById('cancel').checkVisibility()")


def test_a_grown_response_is_asked_for_until_its_end_and_no_longer(
        tab, client, upstream, model, feed):
    upstream.script(model, [feed])
    response = client.create(model)["id"]
    signed_in(tab, at=f"#{response}")
    shown_status(tab, "in progress")
    feed.send(*message_stream(["That is all."]))
    feed.finish()
    shown_status(tab, "completed")
    tab.wait_shown("12 in, 34 out")
    asked = [url for url in tab.requests if url.endswith(response)]
    seen = tab.text("#state")
    tab.wait(f"document.getElementById('state').textContent !== {json.dumps(seen)}")
    assert [url for url in tab.requests if url.endswith(response)] == asked


def test_what_models_and_tenants_write_is_shown_as_text(tab, site, client, upstream):
    upstream.script("hostile", message_stream([HOSTILE, "\x1b[31mred", "\u202eturned"]))
    hostile = client.with_key(MALLORY)
    response = hostile.wait_terminal(hostile.create(HOSTILE)["id"])["id"]
    upstream.script(TURNED, json_error(400, {"error": {"message": HOSTILE, "code": HOSTILE}}))
    refused = client.wait_terminal(client.create(TURNED)["id"])["id"]
    signed_in(tab)
    tab.wait(f"document.querySelector('{link(refused)}')")
    row = f"document.querySelector('{link(response)}').closest('tr').textContent"
    assert tab.evaluate(row).count(HOSTILE) == 2
    assert "[U+202E]eman[U+001B][31m" in tab.shown()
    open_response(tab, response)
    tab.wait_shown(HOSTILE + "[U+001B][31mred[U+202E]turned")
    tab.press("Escape")
    open_response(tab, refused)
    tab.wait(f"document.getElementById('error').textContent.includes({json.dumps(HOSTILE)})")
    assert tab.evaluate("document.images.length + document.scripts.length") == 1
    assert tab.evaluate("window.hit === undefined")


def test_a_name_in_the_address_is_no_html_and_no_other_path(tab):
    signed_in(tab, at="#%3Cimg%20src=x%20onerror=hit()%3E")
    assert not tab.evaluate("document.getElementById('opened').open")
    tab.evaluate("location.hash = '../v1/status'")
    tab.evaluate("location.hash = 'resp_nobody'")
    tab.wait("document.getElementById('opened').open")
    tab.wait("!document.getElementById('opened-notice').hidden")
    assert not any("/responses/.." in url or url.endswith("/details") for url in tab.requests)


def test_a_model_is_paused_and_resumed(tab, client, upstream, model, site):
    upstream.script(model, message_stream(["Late."]))
    signed_in(tab)
    tab.evaluate("document.getElementById('pause-model').focus()")
    tab.type(model)
    tab.press("Enter")
    tab.wait(f"document.getElementById('paused').textContent.includes('{model}')")
    response = client.create(model)["id"]
    tab.wait("document.getElementById('queued').textContent === '1'")
    assert client.poll(response)["status"] == "queued"
    tab.click("#paused button")
    tab.wait_shown("Nothing is paused.")
    client.wait_terminal(response)


def test_all_is_paused_only_after_a_question(tab):
    signed_in(tab)
    tab.click("#pause-all")
    tab.press("Escape")
    tab.wait("document.activeElement.id === 'pause-all'")
    tab.wait_shown("Nothing is paused.")
    tab.click("#pause-all")
    tab.click("#pause-form .ask .grave")
    tab.wait_shown("All models are paused.")
    tab.click("#paused button")
    tab.wait_shown("Nothing is paused.")


def test_what_failed_is_tried_again_as_a_new_response_which_opens(tab, client, upstream, model):
    upstream.script(model, json_error(400, {"error": {"message": "Out of luck."}}),
                    message_stream(["Second luck."]))
    response = client.wait_terminal(client.create(model)["id"])["id"]
    signed_in(tab, at=f"#{response}")
    tab.wait_shown("Out of luck.")
    tab.click("#retry")
    tab.wait_shown("Second luck.")
    shown_status(tab, "completed")
    assert tab.evaluate("location.hash.slice(1)") not in ("", response)
    assert client.poll(response)["status"] == "failed"


def test_a_worker_is_drained_and_takes_jobs_again(tab, client):
    signed_in(tab)
    tab.wait("document.querySelectorAll('#workers tbody tr').length === 2")
    tab.click("#workers tbody button")
    tab.click("#workers .ask .grave")
    tab.wait("document.querySelector('#workers .draining')")
    tab.click("#workers tbody tr:has(.draining) button:not([hidden])")
    tab.wait("!document.querySelector('#workers .draining')")


def test_a_webhook_that_failed_is_seen_and_sent_again(tab, client, upstream, model, receiver):
    upstream.script(model, message_stream(["Tell them."]))
    receiver.script("/crm", failure(503, Retry_After=600), OK)
    signed_in(tab)
    assert not tab.evaluate("document.getElementById('webhooks').checkVisibility()")
    response = client.post_create({"model": model, "input": "x", "background": True},
                                  headers={"X-Respool-Webhook": "crm"}).json()["id"]
    tab.wait_shown("Webhooks to crm: the endpoint rests after failures.", 20)
    row = tab.text("#deliveries tbody tr")
    assert all(word in row for word in (response, "completed", "crm", "HTTP status 503"))
    assert receiver.url("") in tab.text("#endpoints tbody tr")
    assert tab.evaluate(CONTRAST) == []
    tab.resize(320, 740, mobile=True)
    assert tab.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    tab.tab_to("#deliveries button")
    tab.press("Enter")
    tab.wait("document.getElementById('webhooks').hidden")
    first, second = receiver.deliveries(response=response)
    assert first.id == second.id
    assert tab.evaluate("document.activeElement !== document.body")


def test_use_is_summed_up_by_tenant_model_or_day(tab, site):
    await_whole_day()
    names = "[...document.querySelectorAll('#use tbody td:first-child')].map((cell) => cell.textContent)"
    for days_ago, tenant, label, line in (
            (0, "alice", "*", "1200 3 2 7000000 10 0.125"), (29, "alice", "*", "1 0 0 0 0 1000"),
            (0, HOSTILE, TURNED, "1 1 0 0 0 2000"), (40, "alice", "*", "5 0 0 0 0 9000")):
        note_use(site, days_ago, tenant, label, line)
    signed_in(tab)
    tab.wait(f"{names}.length >= 2")
    assert tab.evaluate(names)[:2] == [HOSTILE, "alice"]
    row = tab.text("#use tbody tr:nth-child(2)")
    assert all(word in row for word in ("1,2", "7,000,0", "1,000.13")), row
    tab.wait_shown("at a cost of 3,000.13.")
    tab.evaluate("const by = document.getElementById('use-by'); by.value = 'model';"
                 "by.dispatchEvent(new Event('change'))")
    tab.wait("document.querySelector('#use th').textContent === 'Model'")
    assert tab.evaluate(names)[0].startswith("[U+202E]eman")
    tab.evaluate("by.value = 'day'; by.dispatchEvent(new Event('change'))")
    tab.wait("document.querySelector('#use th').textContent === 'Day'")
    assert tab.evaluate(names) == [use_day(0), use_day(29)]
    assert tab.evaluate("document.querySelector('#use td').dataset.title") == "Day"
    tab.resize(320, 740, mobile=True)
    assert tab.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert tab.evaluate("window.hit === undefined")
    assert sum("v1/usage" in url for url in tab.requests) == 3


def test_responses_are_filtered_and_paged(tab, client, upstream, model):
    upstream.script(model, message_stream(["One of many."]))
    ids = [client.create(model)["id"] for _ in range(27)]
    for response in ids:
        client.wait_terminal(response)
    rows = "document.querySelectorAll('#responses tbody tr').length"
    signed_in(tab)
    tab.evaluate("document.getElementById('by-model').focus()")
    tab.type(model)
    tab.press("Enter")
    tab.wait(f"{rows} === 25")
    tab.click("#more")
    tab.wait(f"{rows} === 27")
    assert not tab.evaluate("document.getElementById('more').checkVisibility()")
    tab.evaluate("const by = document.getElementById('by-status'); by.value = 'failed';"
                 "by.dispatchEvent(new Event('change'))")
    tab.wait_shown("There are none.")


def test_what_is_wrong_is_named(browser):
    site = LighttpdSite(supervisor=False, children=1, config={"respool": {
        "max_queue": 1, "admin_keys": [{"name": "ops", "key": ADMIN}]}})
    tab = browser.tab()
    try:
        tab.address = at(site)
        site.client.create("any")
        signed_in(tab)
        tab.wait_shown("No worker is alive: what waits does not begin.")
        tab.wait_shown("The queue is full: what would be created is refused.")
        site.stop(site.redis_program)
        tab.wait_shown("The response store is not reachable.")
        site.start_redis()
        tab.wait("document.getElementById('unreachable').hidden")
        tab.wait("document.getElementById('queued').textContent === '0'")
    finally:
        tab.close()
        site.close()


def test_an_outage_is_told_and_ends_by_itself(tab):
    signed_in(tab)
    tab.offline(True)
    tab.wait_shown("Cannot reach the server.")
    tab.offline(False)
    tab.wait("document.getElementById('unreachable').hidden", 15)


def test_a_hidden_tab_asks_for_nothing(tab):
    signed_in(tab)
    tab.evaluate("Object.defineProperty(document, 'hidden', { configurable: true, value: true });"
                 "document.dispatchEvent(new Event('visibilitychange'))")
    asked = len(tab.requests)
    tab.evaluate("new Promise((done) => setTimeout(done, 2500))")
    assert len(tab.requests) == asked
    tab.evaluate("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))")
    wait_until(lambda: len(tab.requests) > asked, 5, "it to ask again")


@pytest.mark.parametrize("width", [320, 700])
def test_a_phone_needs_no_scrolling_sideways(tab, client, upstream, width):
    upstream.script("hostile", message_stream(["W" * 500 + " " + "<p>" * 300]))
    response = client.wait_terminal(client.create(HOSTILE)["id"])["id"]
    tab.resize(width, 740, mobile=True)
    signed_in(tab)
    tab.wait(f"document.querySelector('{link(response)}')")
    sideways = "document.documentElement.scrollWidth - innerWidth"
    assert tab.evaluate(sideways) <= 0
    open_response(tab, response)
    tab.wait_shown("WWWW")
    assert tab.evaluate(sideways) <= 0
    assert tab.evaluate("document.getElementById('opened').scrollWidth") <= width


CONTRAST = """
[...document.querySelectorAll('body *')].filter((node) => node.checkVisibility() && !node.disabled &&
	[...node.childNodes].some((c) => c.nodeType === 3 && c.data.trim())).map((node) => {
	const parts = (color) => color.match(/[\\d.]+/g).map(Number);
	const light = (color) => parts(color).slice(0, 3).map((v) => v / 255)
		.map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
		.reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
	let under = node;
	while (under && parts(getComputedStyle(under).backgroundColor)[3] === 0)
		under = under.parentElement;
	const pair = [getComputedStyle(node).color, getComputedStyle(under ?? document.body).backgroundColor]
		.map(light).sort((a, b) => b - a);
	return [(pair[0] + 0.05) / (pair[1] + 0.05), node.outerHTML.slice(0, 100)];
}).filter(([ratio]) => ratio < 4.5)
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_stand_out_from_their_ground(tab, client, upstream, model, scheme):
    upstream.script(model, json_error(400, {"error": {"message": "Out of luck."}}))
    response = client.wait_terminal(client.create(model)["id"])["id"]
    tab.call("Emulation.setEmulatedMedia",
             features=[{"name": "prefers-color-scheme", "value": scheme}])
    tab.go(tab.address)
    tab.wait("document.activeElement.id === 'key'")
    assert tab.evaluate(CONTRAST) == []
    signed_in(tab)
    tab.wait_shown("Responses have failed in the last five minutes.")
    assert tab.evaluate(CONTRAST) == []
    open_response(tab, response)
    assert tab.evaluate(CONTRAST) == []


def test_controls_have_names_and_are_real_ones(tab, client, upstream, model):
    completed_response(client, upstream, model, "Named.")
    signed_in(tab)
    nameless = tab.evaluate("""[...document.querySelectorAll('button, a, input, select')].filter((node) =>
        !(node.textContent.trim() || node.ariaLabel || node.labels?.length)).map((node) => node.outerHTML)""")
    assert nameless == []
    assert tab.evaluate("document.querySelector('svg').getAttribute('role')") == "img"
    assert "created" in tab.text("#hour-summary")
