"""What operators see and do of webhooks, without anybody who sends them (common/store/operate.h)."""

import hashlib

import pytest

from admin import Admin
from console import Console
from harness import Stack, strict_json
from redis_cluster import Cluster
from redis_places import NAMESPACE, Place, stack_at
from standard_webhooks import new_secret
from store_operator import Records, StoreOperator, new_id

SECOND, HOUR, WEEK = 1000, 3_600_000, 7 * 24 * 3_600_000
NAMES = ("crm", "ops", "quiet")
CONFIG = {"respool": {"webhooks": [
    {"name": name, "url": f"https://{name}.example.com/hook/secret", "secret": new_secret()}
    for name in NAMES]}}
PLACES = [None, Place("cluster namespace", Cluster, None, NAMESPACE)]
FAILED = "answered 500"


def delivery_id(response_id, endpoint):
    return "wh_" + hashlib.sha1(f"{response_id}\n{endpoint}".encode()).hexdigest()[:32]


class Deliveries(Records):
    """As the scripts write them."""

    def put(self, number, endpoint="crm", due=0, ended=-HOUR, tries=0, tried=None, claims=0,
            why=FAILED, died=None):
        """Times are ms from now; died is when it died, if it has. Returns its id."""
        now, response_id = self.now(), new_id(number)
        name = delivery_id(response_id, endpoint)
        due_at = 0 if died is not None else now + due
        tried_at = now + tried if tried is not None else 0
        line = (f"{endpoint} {response_id} completed {now + ended} {now + HOUR} {due_at} {tries} "
                f"{claims} {tried_at} {why if tries or died is not None else ''}")
        self.redis.hset(self.key("webhooks:about"), name, line)
        if died is None:
            self.redis.zadd(self.key("webhooks"), {f"{endpoint} {due_at:015d} {name}": 0})
        else:
            self.redis.zadd(self.key("webhooks:dead"), {name: now + died + WEEK})
        return name

    def endpoint(self, name, failures, rests=None, off=""):
        until = self.now() + rests if rests is not None else 0
        self.redis.hset(self.key("webhooks:endpoints"), name, f"{failures} {until} {off}")

    def endpoint_line(self, name):
        return self.redis.hget(self.key("webhooks:endpoints"), name).decode()

    def line(self, name):
        return self.redis.hget(self.key("webhooks:about"), name).decode().split(" ", 9)

    def assert_consistent(self):
        """Each delivery that is known is at one place, as its line says."""
        waiting = [member.decode().split() for member in
                   self.redis.zrange(self.key("webhooks"), 0, -1)]
        dead = [name.decode() for name in self.redis.zrange(self.key("webhooks:dead"), 0, -1)]
        about = {name.decode() for name in self.redis.hkeys(self.key("webhooks:about"))}
        assert sorted([name for _, _, name in waiting] + dead) == sorted(about)
        for endpoint, due, name in waiting:
            assert self.line(name)[0] == endpoint and int(self.line(name)[5]) == int(due)
        assert all(self.line(name)[5] == "0" for name in dead)


@pytest.fixture(scope="module", params=PLACES, ids=lambda place: place.name if place else "one")
def place(request, tmp_path_factory):
    with stack_at(request.param, tmp_path_factory.mktemp("servers"), CONFIG, supervisor=False,
                  responder=False, web=False) as stack:
        yield stack


@pytest.fixture
def here(place):
    records, operator = Deliveries(place), StoreOperator(place)
    yield records, operator
    operator.close()
    records.forget_all()


@pytest.fixture(scope="module")
def served():
    """With the routes, and nobody who sends."""
    stack = Stack(CONFIG, supervisor=False)
    yield stack
    stack.close()


@pytest.fixture
def deliveries(served):
    records = Deliveries(served)
    yield records
    records.forget_all()


@pytest.fixture
def many(served, deliveries):
    """As here, where a command costs little."""
    operator = StoreOperator(served)
    yield deliveries, operator
    operator.close()


def listed(operator, limit=20):
    found = operator.json("webhooks", limit)
    return [row["id"] for row in found["data"]], found


def redelivered(operator, *words):
    """How many were found and begun."""
    return tuple(map(int, operator.text(*words).split()))


def is_due_now(records, name):
    return abs(int(records.line(name)[5]) - records.now()) < 10 * SECOND


def test_what_failed_last_is_listed_first_and_what_was_not_tried_last(here):
    records, operator = here
    later = records.put(1, due=60 * SECOND)
    sooner = records.put(2, "ops", due=50 * SECOND)
    tried = records.put(3, due=HOUR, tries=2, tried=-30 * SECOND)
    dead = records.put(4, "ops", died=-20 * SECOND, tries=10, tried=-20 * SECOND)
    buried = records.put(5, "gone", died=-40 * SECOND)
    just_tried = records.put(6, "ops", due=HOUR, tries=1, tried=-10 * SECOND)
    ids, found = listed(operator)
    assert ids == [just_tried, dead, tried, buried, sooner, later]
    assert (found["waiting"], found["dead"], found["has_more"]) == (4, 2, False)
    assert listed(operator, 3)[0] == ids[:3] and listed(operator, 3)[1]["has_more"]
    row = found["data"][1]
    assert (row["endpoint"], row["state"], row["tries"], row["error"], row["due_at"]) == (
        "ops", "dead", 10, FAILED, None)
    assert (row["response"], row["type"]) == (new_id(4), "response.completed")


def test_endpoints_are_those_of_the_configuration_and_those_that_something_waits_for(here):
    records, operator = here
    for number, name in enumerate(("crm", "crm", "crm-2", "crm.b")):
        records.put(number, name)
    records.endpoint("ops", 10, rests=90 * SECOND)
    records.endpoint("quiet", 1, off="0123456789abcdef")
    records.endpoint("forgotten", 3)
    found = operator.json("webhooks", 1)["endpoints"]
    assert [(one["name"], one["state"], one["failures"], one["waiting"]) for one in found] == [
        ("crm", "on", 0, 2), ("ops", "resting", 10, 0), ("quiet", "off", 1, 0),
        ("crm-2", "unknown", 0, 1), ("crm.b", "unknown", 0, 1)]
    assert [one["url"] for one in found[2:4]] == ["https://quiet.example.com", None]
    assert 80 < found[1]["resting_seconds"] <= 90


def test_a_list_of_many_has_those_that_failed_last(many):
    records, operator = many
    for number in range(1200):
        records.put(number, NAMES[number % 2], due=-number)
    tried = [records.put(2000 + age, NAMES[age % 2], due=HOUR + (age * 37 % 100) * SECOND, tries=1,
                         tried=-age * SECOND) for age in range(30)]
    ids, found = listed(operator, 10)
    assert ids == tried[:10] and found["has_more"]
    assert listed(operator, 30)[0] == tried
    assert len(listed(operator, 1000)[0]) == 1000


def test_what_is_dead_begins_anew_with_the_same_id(here):
    records, operator = here
    name = records.put(1, died=-HOUR, tries=10, tried=-HOUR, claims=19)
    records.endpoint("crm", 12, rests=200 * SECOND)
    assert redelivered(operator, "redeliver", name) == (1, 1)
    assert is_due_now(records, name)
    assert records.line(name)[6:8] == ["0", "20"]
    assert records.endpoint_line("crm") == "12 0 "
    assert listed(operator)[1]["dead"] == 0
    records.assert_consistent()


def test_what_waits_is_due_now_and_keeps_the_count_of_its_tries(here):
    records, operator = here
    name = records.put(1, due=HOUR, tries=3, tried=-HOUR, claims=6)
    assert redelivered(operator, "redeliver", name) == (1, 1)
    assert is_due_now(records, name)
    assert records.line(name)[6:8] == ["3", "7"]
    records.assert_consistent()


def test_what_may_be_under_way_is_left_alone(here):
    records, operator = here
    for name in (records.put(1, due=20 * SECOND, tries=1, tried=-HOUR, claims=3),
                 records.put(2, due=-HOUR, claims=1)):
        before = records.line(name)
        assert redelivered(operator, "redeliver", name) == (1, 1)
        assert records.line(name) == before


def test_nothing_is_begun_for_an_endpoint_that_is_off(here):
    records, operator = here
    names = [records.put(1, died=-HOUR, tries=1, tried=-HOUR),
             records.put(2, due=HOUR, tries=1, tried=-HOUR)]
    records.endpoint("crm", 1, rests=HOUR, off="0123456789abcdef")
    before = records.endpoint_line("crm"), [records.line(name) for name in names]
    assert [redelivered(operator, "redeliver", name) for name in names] == [(1, 0)] * 2
    assert redelivered(operator, "since", 2 * 3600) == (2, 0)
    assert (records.endpoint_line("crm"), [records.line(name) for name in names]) == before


def test_a_response_s_id_stands_for_all_its_deliveries(here):
    records, operator = here
    names = [records.put(1, name, due=HOUR, tries=1, tried=-SECOND) for name in ("crm", "ops")]
    names.append(records.put(1, "gone", due=HOUR, tries=1, tried=-SECOND))
    names.append(records.put(1, "known", died=-SECOND))
    records.endpoint("known", 1)
    other = records.put(2, due=HOUR, tries=1, tried=-SECOND)
    assert redelivered(operator, "redeliver", new_id(1)) == (4, 4)
    assert all(is_due_now(records, name) for name in names) and not is_due_now(records, other)
    assert redelivered(operator, "redeliver", new_id(3)) == (0, 0)
    assert redelivered(operator, "redeliver", delivery_id(new_id(3), "crm")) == (0, 0)


def test_a_range_has_what_ended_since_then_and_has_failed(here):
    records, operator = here
    again = [records.put(1, died=-HOUR, tries=10, tried=-HOUR),
             records.put(2, due=HOUR, tries=1, tried=-SECOND),
             records.put(3, "ops", died=-SECOND, ended=-HOUR)]
    not_again = [records.put(4, due=HOUR), records.put(5, died=-SECOND, ended=-3 * HOUR),
                 records.put(6, due=HOUR, tries=1, ended=-3 * HOUR, tried=-SECOND)]
    before = [records.line(name) for name in not_again]
    assert redelivered(operator, "since", 2 * 3600) == (3, 3)
    assert all(is_due_now(records, name) for name in again)
    assert [records.line(name) for name in not_again] == before
    records.assert_consistent()


def test_a_range_of_many_is_found_whole_and_each_once(many):
    records, operator = many
    records.endpoint("ops", 1, off="0123456789abcdef")
    now = records.now()
    for number in range(900):  # a third stays, and many have died at once
        name = records.put(number, NAMES[number % 3], died=-SECOND, tries=10, tried=-SECOND)
        records.redis.zadd(records.key("webhooks:dead"), {name: now + WEEK - SECOND - number // 400})
    for number in range(900, 1500):
        records.put(number, NAMES[number % 3], due=HOUR, tries=1, tried=-SECOND)
    assert redelivered(operator, "since", 2 * 3600) == (1500, 1000)
    found = operator.json("webhooks", 1)
    assert (found["waiting"], found["dead"]) == (1200, 300)
    records.assert_consistent()


def test_the_console_lists_and_sends_again(served, deliveries):
    console = Console(served)
    dead = deliveries.put(1, died=-SECOND, tries=10, tried=-SECOND)
    off = deliveries.put(2, "ops", died=-SECOND, tries=1, tried=-SECOND)
    deliveries.endpoint("ops", 1, off="0123456789abcdef")
    table = console.text("webhooks").splitlines()
    assert [line.split()[:3] for line in table[:3]] == [
        ["ENDPOINT", "URL", "STATE"], ["crm", "https://crm.example.com", "on"],
        ["ops", "https://ops.example.com", "off"]]
    assert {line.split()[0] for line in table[6:]} == {dead, off}
    assert "secret" not in console.text("--json", "webhooks", "list")
    assert len(console.json("webhooks", "list", "--limit", "1")["data"]) == 1
    assert console.text("webhooks", "retry", dead) == "1 sent again\n"
    assert console.json("webhooks", "retry", new_id(1)) == {"found": 1, "begun": 1}
    assert console.json("webhooks", "retry", off, dead, "no-id", status=1) == {
        "found": 2, "begun": 1}
    assert console.json("webhooks", "retry", "--since", "7200", status=1) == {
        "found": 1, "begun": 0}


def test_the_console_says_what_is_wrong_with_its_words(served, deliveries):
    console = Console(served)
    for words in (["webhooks", "x"], ["webhooks", "retry"], ["webhooks", "list", "x"],
                  ["webhooks", "retry", "--since", "5", "wh_1"],
                  ["webhooks", "list", "--since", "5"]):
        assert console.complaint(*words, status=2).startswith("webhooks")
    result = console.run("webhooks", "retry", "--since", "60")
    assert (result.returncode, result.stdout) == (1, b"0 sent again\n")


def test_check_finds_endpoints_that_are_not_well_and_dead_deliveries(served, deliveries):
    deliveries.put(1, "gone")
    deliveries.put(2, died=-SECOND)
    deliveries.endpoint("crm", 10, rests=HOUR)
    deliveries.endpoint("ops", 1, off="0123456789abcdef")
    result = Console(served).run("--json", "check")
    assert result.returncode == 1
    findings = strict_json(result.stdout)["findings"]
    assert {one["name"] for one in findings if one["name"].startswith("webhook")} == {
        "webhook_unknown", "webhook_dead", "webhook_resting", "webhook_off"}


def test_administrators_list_and_send_again(served, deliveries):
    admin = Admin(served)
    name = deliveries.put(1, died=-SECOND, tries=10, tried=-SECOND)
    off = deliveries.put(2, "ops", died=-2 * SECOND, tries=1, tried=-2 * SECOND)
    deliveries.endpoint("ops", 1, off="0123456789abcdef")
    assert [row["id"] for row in admin.webhooks("?limit=1")["data"]] == [name]
    for target in (name, new_id(1)):
        assert admin.redeliver(target).json() == {"found": 1, "begun": 1}
    assert (admin.redeliver(off).status, admin.redeliver(off).error()["code"]) == (
        409, "webhook_endpoint_off")
    for unknown in (delivery_id(new_id(3), "crm"), new_id(3)):
        assert admin.redeliver(unknown).error()["code"] == "webhook_not_found"
    assert admin.redeliver("x").status == 404
    assert admin.get("/respool/v1/webhooks?limit=1001").status == 400
    assert f"webhook_retry_ordered id={name} admin=ops" in served.responder.stderr()
