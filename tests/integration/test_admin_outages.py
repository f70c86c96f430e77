"""What administrators are answered without Redis."""

from admin import Admin
from admin_routes import STACK  # noqa: F401  (what the stack is)
from admin_routes import ALONE
from admin_routes import admin  # noqa: F401  (a fixture)
from harness import UNKNOWN_ID


def every_answer(stack):
    admin = Admin(stack)
    for path in ("status", "workers", "responses", f"responses/{UNKNOWN_ID}",
                 f"responses/{UNKNOWN_ID}/details"):
        yield admin.get(f"/respool/v1/{path}")
    for path in ("pause", "resume", "workers/w/drain", f"responses/{UNKNOWN_ID}/cancel",
                 f"responses/{UNKNOWN_ID}/retry"):
        yield admin.request("POST", f"/respool/v1/{path}", body="")


def test_without_redis_everything_is_503(make_stack):
    stack = make_stack({"litellm_settings": {"cache": None, "cache_params": None}}, **ALONE)
    for reply in every_answer(stack):
        assert (reply.status, reply.error()["code"]) == (503, "store_unavailable")


def test_while_redis_is_away_everything_is_503(make_stack):
    stack = make_stack(**ALONE)
    stack.stop(stack.redis_program)
    for reply in every_answer(stack):
        assert (reply.status, reply.error()["code"]) == (503, "store_unavailable")
        assert reply.headers["retry-after"]
