"""Lists of responses that administrators get over HTTP."""

import pytest

from admin import Admin
from admin_routes import STACK  # noqa: F401  (what the stack is)
from admin_routes import ALONE
from admin_routes import admin  # noqa: F401  (a fixture)
from harness import BOB, MASTER_KEY, UNKNOWN_ID


def test_list_has_everybody_s_responses_the_latest_first(make_stack):
    stack = make_stack(**ALONE)
    admin = Admin(stack)
    ids = [stack.client.with_key(key).create(model)["id"]
           for key, model in ((BOB, "m"), (MASTER_KEY, "n"), (BOB, "n"))]
    ids.append(stack.client.create("m")["id"])
    assert sorted(admin.ids()) == sorted(ids)
    assert {row["tenant"] for row in admin.list()["data"]} == {"alice", "bob", "master"}
    assert sorted(admin.ids("?tenant=bob")) == sorted([ids[0], ids[2]])
    assert sorted(admin.ids("?tenant=bob&model=n")) == [ids[2]]
    assert admin.ids("?status=in_progress") == admin.ids("?older_than=3600") == []
    assert len(admin.ids("?status=queued&limit=3")) == 3
    assert admin.list("?limit=4")["has_more"] is False


def test_pages_follow_one_another(make_stack):
    stack = make_stack(**ALONE)
    admin = Admin(stack)
    for _ in range(5):
        stack.client.create("m")
    whole, paged, after = admin.ids(), [], ""
    while True:
        page = admin.list(f"?limit=2{after}")
        paged += [row["id"] for row in page["data"]]
        if not page["has_more"]:
            break
        after = f"&after={paged[-1]}"
    assert paged == whole and len(paged) == 5


@pytest.mark.parametrize("query, param", [
    ("status=done", "status"), ("limit=0", "limit"), ("limit=5000", "limit"),
    ("older_than=1h", "older_than"), ("after=resp_1", "after"), (f"after={UNKNOWN_ID}", "after")])
def test_bad_value_of_a_list_s_query_is_named(admin, query, param):
    reply = admin.get(f"/respool/v1/responses?{query}")
    assert (reply.status, reply.error()["param"]) == (400, param)
    assert query.partition("=")[2] in reply.error()["message"]
