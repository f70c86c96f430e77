"""A stack of which only the responders are there, in front of some servers of Redis."""

import time

from harness import Stack

RETRY_LATER = 503


class StoreStack(Stack):
    """Takes no part in the servers' life. Responses stay queued, as nobody works them off."""

    def __init__(self, servers, config=None, children=1, **options):
        super().__init__(config, supervisor=False, children=children, servers=servers, **options)

    def ready(self):
        return self.client.get("/health/readiness").status == 200


def is_unavailable(reply):
    """It says that the store is not there now, and when to come again."""
    if reply.status != RETRY_LATER:
        return False
    assert reply.json()["error"]["code"] == "store_unavailable", reply
    assert int(reply.headers["Retry-After"]) >= 1, reply
    return True


def expect_queued(reply, response_id):
    """The right object, or none for now. Returns whether it was there."""
    if is_unavailable(reply):
        return False
    assert reply.status == 200, reply
    object = reply.json()
    assert (object["id"], object["status"]) == (response_id, "queued"), object
    return True


def try_create(client, **fields):
    """The id of a new response; None if that is not possible for now."""
    reply = client.post_create({"model": "m", "input": "Hi", "background": True, **fields})
    if is_unavailable(reply):
        return None
    assert reply.status == 200, reply
    return reply.json()["id"]


def writes_again(client, since, within):
    """Waits until a response can be created, which has to be soon."""
    while True:
        created = try_create(client)
        taken = time.monotonic() - since
        if created:
            break
        assert taken < within, f"nothing could be created for {taken:.1f} s"
        time.sleep(0.02)
    assert taken < within, f"it took {taken:.1f} s until something could be created"
    return created
