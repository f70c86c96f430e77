"""What tenants have used, as respoolctl and administrators' keys get it."""

import pytest

from admin import Admin
from console import Console
from events import message_stream
from harness import wait_until
from operating import await_whole_day, jobs_key, note_use, use_day
from upstream import json_error

STACK = {"supervisor": False, "config": {
    "model_list": [{"model_name": name, "litellm_params": {"model": "openai/x", "api_key": "k"}}
                   for name in ("gpt-*", "small")],
    "router_settings": {"model_group_alias": {"best": "gpt-9"}}}}
NUMBERS = ("requests", "failed", "cancelled", "input_tokens", "output_tokens", "cost")


@pytest.fixture
def stack(stack):
    await_whole_day()
    yield stack
    for key in stack.redis.keys(stack.key(jobs_key("usage:*"))):
        stack.redis.delete(key)


@pytest.fixture
def console(stack):
    return Console(stack)


@pytest.fixture
def both(stack):
    """Asks the console and over HTTP, which have to say the same."""
    console, admin = Console(stack), Admin(stack)

    def ask(**query):
        options = [word for name, value in query.items() for word in (f"--{name}", value)]
        told = admin.usage("?" + "&".join(f"{name}={value}" for name, value in query.items()))
        assert console.json("usage", *options, status=0 if told["data"] else 1) == told
        return told

    return ask


@pytest.fixture
def used(stack):
    """What alice and bob have used today, yesterday, a month and a year ago: {days ago: day}."""
    for days_ago, tenant, label, line in (
            (0, "alice", "gpt-*", "4 1 0 400 40 0.1"), (0, "bob", "small", "2 0 1 20 2 0"),
            (1, "alice", "gpt-*", "3 0 0 300 30 0.2"), (1, "alice", "small", "1 0 0 10 1 0"),
            (1, "", "gpt-*", "1 0 0 1000 0 0"), (29, "bob", "gpt-*", "5 5 0 0 0 0"),
            (365, "bob", "small", "7 0 0 70 7 1.5")):
        note_use(stack, days_ago, tenant, label, line)
    return {days_ago: use_day(days_ago) for days_ago in (0, 1, 29, 365)}


def rows(told, *names):
    """Each as its names and numbers."""
    assert all(list(row) == [*names, *NUMBERS] for row in told["data"]), told
    return [tuple(row.values()) for row in told["data"]]


def test_there_is_a_row_for_each_tenant_model_and_day_of_the_last_month(both, used):
    told = both()
    assert told["since"] == use_day(30)
    assert rows(told, "tenant", "model", "day") == [
        ("alice", "gpt-*", used[0], 4, 1, 0, 400, 40, 0.1),
        ("bob", "small", used[0], 2, 0, 1, 20, 2, 0),
        ("", "gpt-*", used[1], 1, 0, 0, 1000, 0, 0),
        ("alice", "gpt-*", used[1], 3, 0, 0, 300, 30, 0.2),
        ("alice", "small", used[1], 1, 0, 0, 10, 1, 0),
        ("bob", "gpt-*", used[29], 5, 5, 0, 0, 0, 0)]


def test_use_is_summed_up_by_tenant_model_or_day(both, used):
    assert rows(both(by="tenant"), "tenant") == [
        ("alice", 8, 1, 0, 710, 71, 0.3), ("", 1, 0, 0, 1000, 0, 0), ("bob", 7, 5, 1, 20, 2, 0)]
    assert rows(both(by="model"), "model") == [
        ("gpt-*", 13, 6, 0, 1700, 70, 0.3), ("small", 3, 0, 1, 30, 3, 0)]
    assert rows(both(by="day"), "day") == [
        (used[0], 6, 1, 1, 420, 42, 0.1), (used[1], 5, 0, 0, 1310, 31, 0.2),
        (used[29], 5, 5, 0, 0, 0, 0)]


def test_since_is_a_day_or_an_age_and_goes_back_as_far_as_use_is_kept(both, used):
    assert [day for day, *_ in rows(both(by="day", since=used[1]), "day")] == [used[0], used[1]]
    assert [day for day, *_ in rows(both(by="day", since="1d"), "day")] == [used[0], used[1]]
    assert [day for day, *_ in rows(both(by="day", since="0"), "day")] == [used[0]]
    for since in ("1970-01-01", "9999w", "400d"):
        told = both(by="day", since=since)
        assert told["since"] == use_day(399)
        assert [day for day, *_ in rows(told, "day")] == [used[days] for days in (0, 1, 29, 365)]


def test_only_a_tenant_s_or_a_model_s_use_is_shown_if_one_is_named(both, used):
    assert [row[:4] for row in rows(both(tenant="bob"), "tenant", "model", "day")] == [
        ("bob", "small", used[0], 2), ("bob", "gpt-*", used[29], 5)]
    for model in ("gpt-*", "gpt-4", "best"):
        assert rows(both(model=model, by="tenant", since="1d"), "tenant") == [
            ("alice", 7, 1, 0, 700, 70, 0.3), ("", 1, 0, 0, 1000, 0, 0)]
    assert rows(both(tenant="alice", model="small", by="model"), "model") == [
        ("small", 1, 0, 0, 10, 1, 0)]


def test_what_nobody_has_used_is_nothing(both, console, used):
    for query in ({"tenant": "carol"}, {"model": "nobody-s"}, {"since": use_day(-2)}):
        assert both(**query)["data"] == []
    assert console.complaint("usage", "--tenant", "carol") == \
        f"usage: nothing of that has been used since {use_day(30)}"


def test_people_get_a_table_with_a_sum(console, used):
    lines = [line.split() for line in console.text("usage", "--since", "1d").splitlines()]
    numbers = ["REQUESTS", "FAILED", "CANCELLED", "INPUT", "OUTPUT", "COST"]
    assert lines[0] == ["DAY", "TENANT", "MODEL", *numbers]
    assert lines[3] == [used[1], "-", "gpt-*", "1", "0", "0", "1000", "0", "0"]
    assert lines[-1] == ["sum", "11", "1", "1", "1730", "73", "0.3"]
    assert len(lines) == 7
    for by, first in (("tenant", ["alice", "8", "1", "0", "710", "71", "0.3"]),
                      ("model", ["gpt-*", "13", "6", "0", "1700", "70", "0.3"]),
                      ("day", [used[0], "6", "1", "1", "420", "42", "0.1"])):
        lines = [line.split() for line in console.text("usage", "--by", by).splitlines()]
        assert lines[:2] == [[by.upper(), *numbers], first]
        assert lines[-1] == ["sum", "16", "6", "1", "1730", "73", "0.3"]


def test_lines_that_cannot_be_read_are_left_out_and_told_of(stack, console, used):
    note_use(stack, 0, "alice", "gpt-*", "four of them")
    note_use(stack, 0, "mallory", "", "1 1 1 1 1 1")
    result = console.run("usage", "--by", "day", "--since", "0", "--json")
    assert result.returncode == 0
    assert b'"requests":2,' in result.stdout
    assert b"2 lines of what was used cannot be read" in result.stderr


@pytest.mark.parametrize("name, value, expected", [
    ("by", "week", "tenant, model or day"), ("since", "yesterday", "a day, as 2026-11-01, or how"),
    ("since", "2026-02-30", "a day, as 2026-11-01, or how long ago, as 30d, 12h or 3600")])
def test_what_is_no_question_is_told_what_was_expected(stack, console, name, value, expected):
    refused = Admin(stack).get(f"/respool/v1/usage?{name}={value}")
    assert (refused.status, refused.error()["param"]) == (400, name)
    assert value in refused.error()["message"] and expected in refused.error()["message"]
    complaint = console.complaint("usage", f"--{name}", value, status=2)
    assert complaint.startswith(f'--{name}: "{value}", expected {expected}')


def test_a_parameter_that_is_empty_is_not_given(stack, used):
    admin = Admin(stack)
    assert admin.usage("?by=&since=&tenant=&model=&other=1") == admin.usage()


def test_use_is_read_and_never_written(stack):
    assert Admin(stack).request("POST", "/respool/v1/usage").status == 405
    assert Admin(stack).request("HEAD", "/respool/v1/usage").body == b""


def test_what_has_ended_is_used_at_the_model_s_cost(make_stack):
    stack = make_stack({"model_list": [{
        "model_name": "gpt-*", "litellm_params": {"model": "openai/x", "api_key": "k"},
        "model_info": {"input_cost_per_token": 0.001, "output_cost_per_token": 0.01}}]})
    stack.upstream.script("x", message_stream(["Hello"]),
                          json_error(400, {"error": {"message": "no"}}))
    for status in ("completed", "failed"):
        assert stack.client.wait_terminal(stack.client.create("gpt-9")["id"])["status"] == status
    wait_until(lambda: sum(row["requests"] for row in Admin(stack).usage()["data"]) == 2,
               what="both to be counted")
    assert rows(Admin(stack).usage(), "tenant", "model", "day") == [
        ("alice", "gpt-*", use_day(0), 2, 1, 0, 12, 34, 0.352)]


def test_a_redis_that_is_away_is_told(make_stack):
    stack = make_stack(supervisor=False)
    stack.stop(stack.redis_program)
    assert Admin(stack).get("/respool/v1/usage").status == 503
    assert Console(stack).complaint("usage").startswith("Redis: ")
