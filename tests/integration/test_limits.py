"""How much a key may ask for: what a background create is told of its limits, and by which it is
refused."""

import json
import math
import re
import time

import pytest

from admin import Admin
from events import Stream, message_stream, usage
from following import Follower, create_stream
from harness import ALICE, BOB, LINE, MASTER_KEY, PROVIDER_KEY, wait_until
from operating import Operator, jobs_key
from upstream import json_error

RATES = jobs_key("rates")
BUDGETS = jobs_key("budgets")
MINUTE = 60
PRICED = {"model_list": [{
    "model_name": "*", "litellm_params": {"model": "openai/*", "api_key": PROVIDER_KEY},
    "model_info": {"input_cost_per_token": 0.01, "output_cost_per_token": 0.1}}]}


def config(defaults=None, **limits):
    """alice has these limits, bob and all others those of defaults."""
    return {"respool": {
        "api_keys": [{"name": "alice", "key": ALICE, **limits}, {"name": "bob", "key": BOB}],
        "api_key_defaults": defaults or {}}}


def limited(make_stack, defaults=None, **limits):
    return make_stack(config(defaults, **limits), supervisor=False, children=1)


def create(client, **fields):
    return client.post_create({"model": "m", "input": "x", "background": True, **fields})


def taken(reply):
    assert reply.status == 200, reply
    return reply


def refused(reply):
    """The error of a 429 that says when to try again."""
    assert reply.status == 429, reply
    return reply.error(), int(reply.headers["retry-after"])


def told(reply, of):
    """Limit, what remains, and how long until all of it is there again."""
    return tuple(reply.headers[f"x-ratelimit-{what}-{of}"] for what in
                 ("limit", "remaining", "reset"))


def seconds(duration):
    """Of a duration as OpenAI's API writes it."""
    found = re.fullmatch(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d*[1-9])?)s)?(?:(\d+)ms)?", duration)
    assert duration and found, duration
    hours, minutes, whole, thousandths = (float(part or 0) for part in found.groups())
    return hours * 3600 + minutes * 60 + whole + thousandths / 1000


def go_back(stack, tenant, by):
    """As if so many seconds had passed since the tenant's last create."""
    requests, tokens, at = stack.redis.hget(RATES, tenant).decode().split()
    stack.redis.hset(RATES, tenant, f"{requests} {tokens} {int(at) - int(by * 1000)}")


def used(input_tokens, output_tokens):
    return Stream().begin().message(["hello"]).end(
        "completed", usage=usage(input_tokens, output_tokens)).events


def ratelimit_headers(reply):
    return [name for name in reply.headers if name.lower().startswith("x-ratelimit")]


class TestRequests:
    def test_burst_of_a_minute_s_requests_is_taken_and_no_more(self, make_stack):
        stack = limited(make_stack, rpm=3)
        for remaining in ("2", "1", "0"):
            limit, left, reset = told(taken(create(stack.client)), "requests")
            assert (limit, left) == ("3", remaining)
            assert seconds(reset) == pytest.approx((3 - int(left)) * 20, abs=3)
        before = stack.everything_stored()
        reply = create(stack.client)
        error, retry_after = refused(reply)
        assert (error["type"], error["code"], error["param"]) == (
            "requests", "rate_limit_exceeded", None)
        assert "requests per min (RPM): Limit 3, Used 3, Requested 1" in error["message"]
        wait = seconds(re.search(r"try again in (\S+)\.$", error["message"])[1])
        assert retry_after == math.ceil(wait) and 17 <= retry_after <= 20
        assert told(reply, "requests")[:2] == ("3", "0")
        assert len(stack.response_keys()) == len(stack.queued()) == 3
        assert ALICE not in error["message"] and ALICE.encode() not in before

    def test_what_is_left_grows_with_time_up_to_the_limit(self, make_stack):
        stack = limited(make_stack, rpm=3)
        for _ in range(3):
            taken(create(stack.client))
        _, retry_after = refused(create(stack.client))
        go_back(stack, "alice", retry_after)
        taken(create(stack.client))
        refused(create(stack.client))
        go_back(stack, "alice", 100 * MINUTE)
        for _ in range(3):
            taken(create(stack.client))
        refused(create(stack.client))

    def test_refused_create_costs_nothing(self, make_stack):
        stack = limited(make_stack, rpm=1)
        taken(create(stack.client))
        for _ in range(5):
            refused(create(stack.client))
        go_back(stack, "alice", MINUTE)
        taken(create(stack.client))

    @pytest.mark.parametrize("fields, status", [({"model": ""}, 404), ({"input": 7}, 400)])
    def test_mistake_costs_nothing(self, make_stack, fields, status):
        stack = limited(make_stack, rpm=1)
        assert create(stack.client, **fields).status == status
        taken(create(stack.client))

    def test_poll_costs_nothing_and_tells_nothing(self, make_stack):
        stack = limited(make_stack, rpm=1)
        created = taken(create(stack.client)).json()["id"]
        for reply in (stack.client.get_response(created), stack.client.input_items(created),
                      stack.client.cancel(created), stack.client.get("/v1/models")):
            assert taken(reply) and not ratelimit_headers(reply)

    def test_streamed_create_is_told_as_well(self, make_stack):
        stack = limited(make_stack, rpm=2)
        with create_stream(stack.client, "m")[0] as follower:
            assert told(follower, "requests")[:2] == ("2", "1")
        taken(create(stack.client))
        with Follower(stack.client, body={
                "model": "m", "input": "x", "background": True, "stream": True}) as follower:
            reply = follower.reply()
        error, _ = refused(reply)
        assert error["code"] == "rate_limit_exceeded"

    def test_each_tenant_has_its_own(self, make_stack):
        stack = limited(make_stack, {"rpm": 2}, rpm=1)
        taken(create(stack.client))
        refused(create(stack.client))
        for key in (BOB, MASTER_KEY):
            client = stack.client.with_key(key)
            assert told(taken(create(client)), "requests")[:2] == ("2", "1")
            taken(create(client))
            refused(create(client))

    def test_clients_without_a_key_share_what_is_said_for_all(self, make_stack):
        stack = make_stack({"respool": {"api_keys": [], "api_key_defaults": {"rpm": 1},
                                        "allow_anonymous": True}}, supervisor=False, children=1)
        anonymous = stack.client.with_key(None)
        taken(create(anonymous))
        refused(create(anonymous))

    def test_key_without_limits_is_told_of_none(self, make_stack):
        stack = limited(make_stack)
        assert not ratelimit_headers(taken(create(stack.client)))
        assert not stack.redis.exists(RATES)

    def test_what_an_operator_asks_for_again_is_not_limited(self, make_stack):
        stack = make_stack({**config(rpm=1), "respool": {
            **config(rpm=1)["respool"], "failed_request_ttl": 600}}, children=1)
        stack.upstream.script("m", json_error(400, "no"), message_stream(["hello"]))
        failed = taken(create(stack.client)).json()["id"]
        assert stack.client.wait_terminal(failed)["status"] == "failed"
        refused(create(stack.client))
        again = Operator(stack).retry(failed)
        assert stack.client.wait_terminal(again)["status"] == "completed"
        refused(create(stack.client))

    def test_refusals_are_counted_by_tenant_and_limit(self, make_stack):
        stack = limited(make_stack, rpm=1)
        for _ in range(3):
            create(stack.client)
        text = Admin(stack).get("/metrics").body.decode()
        assert 'respool_requests_limited_total{tenant="alice",limit="rpm"} 2' in text


class TestTokens:
    def test_what_is_expected_is_reserved(self, make_stack):
        stack = limited(make_stack, tpm=1000)
        # 2 + 40 bytes of input and 2 + 8 of instructions with their quotes: 13 tokens.
        asked = {"input": "x" * 40, "instructions": "y" * 8, "max_output_tokens": 400}
        limit, left, reset = told(taken(create(stack.client, **asked)), "tokens")
        assert (limit, left) == ("1000", str(1000 - 413))
        assert seconds(reset) == pytest.approx(413 * 0.06, abs=1)
        taken(create(stack.client, **asked))
        reply = create(stack.client, **asked)
        error, retry_after = refused(reply)
        assert (error["type"], error["code"]) == ("tokens", "rate_limit_exceeded")
        assert re.search(r"tokens per min \(TPM\): Limit 1000, Used 8\d\d, Requested 413",
                         error["message"])
        assert 10 <= retry_after <= 15
        assert not any(name.lower().endswith("requests") for name in ratelimit_headers(reply))
        taken(create(stack.client))  # a small one

    def test_request_beyond_the_limit_takes_all_of_it(self, make_stack):
        stack = limited(make_stack, tpm=100)
        assert told(taken(create(stack.client, max_output_tokens=10**6)), "tokens")[1] == "0"
        error, retry_after = refused(create(stack.client, max_output_tokens=10**6))
        assert "Requested 100" in error["message"] and 55 <= retry_after <= 60
        go_back(stack, "alice", retry_after)
        taken(create(stack.client, max_output_tokens=10**6))

    def test_context_of_what_is_continued_counts(self, make_stack):
        stack = make_stack(config(tpm=100000), children=1)
        stack.upstream.script("m", message_stream(["z" * 4000]))
        first = taken(create(stack.client, input="x" * 4000)).json()["id"]
        assert stack.client.wait_terminal(first)["status"] == "completed"
        go_back(stack, "alice", MINUTE)
        left = told(taken(create(stack.client, previous_response_id=first)), "tokens")[1]
        assert int(left) < 100000 - 2000

    @pytest.mark.parametrize("end", ["cancel", "delete"])
    def test_what_was_reserved_is_given_back(self, make_stack, end):
        stack = limited(make_stack, tpm=1000)
        created = taken(create(stack.client, max_output_tokens=10**6)).json()["id"]
        refused(create(stack.client, max_output_tokens=500))
        taken(getattr(stack.client, end)(created))
        taken(create(stack.client, max_output_tokens=900))

    def test_what_was_used_counts_in_the_end(self, make_stack):
        stack = make_stack(config(tpm=1000), children=1)
        stack.upstream.script("m", used(100, 150))
        created = taken(create(stack.client, max_output_tokens=900)).json()["id"]
        assert stack.client.wait_terminal(created)["status"] == "completed"
        left = int(told(taken(create(stack.client)), "tokens")[1])
        assert 1000 - 250 - 1 <= left <= 1000 - 250 + 100


class TestQueue:
    def test_no_more_wait_than_may(self, make_stack):
        stack = limited(make_stack, max_queue=2)
        waiting = [taken(create(stack.client)).json()["id"] for _ in range(2)]
        error, retry_after = refused(create(stack.client))
        assert (error["type"], error["code"]) == ("requests", "rate_limit_exceeded")
        assert "'max_queue'" in error["message"] and "2" in error["message"]
        assert retry_after >= 1
        taken(create(stack.client.with_key(BOB)))
        taken(stack.client.delete(waiting[0]))
        taken(create(stack.client))
        refused(create(stack.client))

    def test_what_may_not_run_yet_waits(self, make_stack):
        stack = make_stack(config(max_parallel=1), children=1)
        stack.upstream.script("m", message_stream(["hello"]))
        created = [taken(create(stack.client)).json()["id"] for _ in range(4)]
        for response_id in created:
            assert stack.client.wait_terminal(response_id)["status"] == "completed"

    def test_full_queue_of_all_says_when_to_come_again(self, make_stack):
        stack = make_stack({"respool": {"max_queue": 1}}, supervisor=False, children=1)
        taken(create(stack.client))
        error, retry_after = refused(create(stack.client))
        assert error["code"] == "queue_full" and retry_after >= 1


class TestBudget:
    def spend(self, stack):
        """100 tokens at 0.01 and 10 at 0.1."""
        stack.upstream.script("m", used(100, 10))
        created = taken(create(stack.client)).json()["id"]
        assert stack.client.wait_terminal(created)["status"] == "completed"

    def test_budget_that_is_spent_is_a_quota_that_nobody_has_to_wait_for(self, make_stack):
        stack = make_stack({**PRICED, **config(max_budget=3)}, children=1)
        self.spend(stack)
        self.spend(stack)  # 4 in all: what has begun is not stopped
        reply = create(stack.client)
        assert reply.status == 429
        error = reply.error()
        assert (error["type"], error["code"]) == ("insufficient_quota", "insufficient_quota")
        assert "'max_budget' 3" in error["message"]
        assert "retry-after" not in reply.headers
        assert reply.headers["x-should-retry"] == "false"
        taken(create(stack.client.with_key(BOB)))

    def test_budget_begins_anew(self, make_stack):
        stack = make_stack({**PRICED, **config(max_budget=1, budget_duration="1h")}, children=1)
        self.spend(stack)
        error, retry_after = refused(create(stack.client))
        assert error["code"] == "insufficient_quota"
        assert 3500 < retry_after <= 3600
        spent, _, every = stack.redis.hget(BUDGETS, "alice").decode().split()
        assert (float(spent), every) == (2, "3600000")
        stack.redis.hset(BUDGETS, "alice", f"{spent} {int(time.time() * 1000)} {every}")
        taken(create(stack.client))


class TestTiers:
    @pytest.fixture
    def stack(self, make_stack):
        return limited(make_stack, priority=True)

    def line_of(self, stack, response_id):
        for key in stack.redis.scan_iter(LINE + "*"):
            if response_id.encode() in stack.redis.lrange(key, 0, -1):
                return key.decode()[len(LINE):]
        raise AssertionError(f"{response_id} is in no line")

    @pytest.mark.parametrize("key, tier, line", [
        (ALICE, "flex", "2alice"), (ALICE, "priority", "0alice"), (ALICE, "default", "1alice"),
        (ALICE, "auto", "1alice"), (ALICE, None, "1alice"),
        (BOB, "flex", "2bob"), (BOB, "priority", "1bob"),
    ])
    def test_service_tier_says_where_a_response_waits(self, stack, key, tier, line):
        client = stack.client.with_key(key)
        created = taken(create(client, service_tier=tier)).json()["id"]
        assert self.line_of(stack, created) == line

    def test_provider_gets_it_as_it_was_sent(self, make_stack, model):
        stack = make_stack(config(), children=1)
        stack.upstream.script(model, message_stream(["hello"]))
        for tier in ("priority", "flex"):
            created = taken(create(stack.client, model=model, service_tier=tier)).json()["id"]
            assert stack.client.wait_terminal(created)["status"] == "completed"
        assert [request.json()["service_tier"] for request in stack.upstream.requests(model)] == [
            "priority", "flex"]

    def test_tier_stays_when_an_operator_asks_again(self, make_stack):
        stack = make_stack({"respool": {**config()["respool"], "failed_request_ttl": 600}},
                           children=1)
        stack.upstream.script("m", json_error(400, "no"))
        failed = taken(create(stack.client, service_tier="flex")).json()["id"]
        assert stack.client.wait_terminal(failed)["status"] == "failed"
        stack.stop(stack.supervisor)
        again = Operator(stack).retry(failed)
        wait_until(lambda: again in stack.queued(), what="the new response to wait")
        about = stack.redis.hget(jobs_key("index:about"), again).decode()
        assert about.split("\x1f")[4] == "2", json.dumps(about)
