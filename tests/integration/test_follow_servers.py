"""Readers behind each web server."""

import pytest

from deployed import ApacheProxySite, ApacheSite, LighttpdSite, LighttpdSpawnSite, NginxSite, sites
from following import create_stream, follow
from teller import Teller
from told_streams import STACK  # noqa: F401  (what the stack is)
from told_streams import assert_terminal, numbers
from told_streams import response_id, teller  # noqa: F401  (fixtures)


@pytest.mark.parametrize(
    "kind", [LighttpdSite, LighttpdSpawnSite, NginxSite, ApacheProxySite, ApacheSite])
def test_events_come_in_step_behind_every_web_server(kind, model):
    with sites() as make:
        site = make(kind, supervisor=False, children=2)
        reader, response_id = create_stream(site.client, model)
        teller = Teller(site.redis, response_id)
        assert reader.answer.headers.get_all("content-type") == [
            "text/event-stream; charset=utf-8"]
        assert len(reader.answer.headers.get_all("connection") or ["keep-alive"]) == 1
        for size in (1, 1, 20_000, 200_000, 1):
            assert teller.tell(2, "w" * size) == reader.take(2)
        reader.close()
        with follow(site.client, response_id, 3) as second:
            assert numbers(second.next() for _ in range(7)) == list(range(4, 11))
            object = teller.end()
            assert_terminal(second.next(), 11, object, "completed")
            assert second.next() is None
