"""Each case of the corpus as it is passed through."""

import re
import time

import pytest

from corpus import bare_events, normal_events, normal_object, translate, translate_beginning
from corpus_runs import CASES, PAUSED, check_stored, needs_translate, request_of, script
from corpus_runs import played  # noqa: F401  (a fixture)
from schema import misfits, skip_reason
from stream_rules import accumulate
from upstream import Feed, Script


def blocks_of(case):
    """The bytes of the answer, an event each."""
    return re.findall(rb".*?\n\n", case.answer_path.read_bytes(), re.S)


def certain_events(case, beginning):
    """
    How many events a beginning of the answer has, however it goes on; None if it could end there.
    """
    told = case.told()
    so_far = translate_beginning(case, beginning)
    if so_far.end != "truncated":
        return None
    whole = bare_events(normal_events(translate(case).events, told))
    count = len(so_far.events)
    assert bare_events(normal_events(so_far.events, told)) == whole[:count]
    return count


@needs_translate
@pytest.mark.parametrize("name", PAUSED)
def test_poll_shows_what_has_come(played, name):
    """And not more, however long the provider takes."""
    case, told = CASES[name], CASES[name].told()
    events = translate(case).events
    feed, blocks = Feed(), blocks_of(case)
    script(played, case, "background", Script([feed]))
    response_id = played.client.post_create(
        request_of(played, case, "background", background=True)).json()["id"]
    for sent in range(1, len(blocks) + 1):
        feed.send(blocks[sent - 1])
        count = certain_events(case, b"".join(blocks[:sent]))
        if count is None:
            break
        if count > 0:
            check_poll(played.client, response_id, accumulate(events[:count]), told)
    feed.send(*blocks[sent:])
    feed.end()
    check_stored(case, played.client.wait_terminal(response_id), told)


def check_poll(client, response_id, so_far, told):
    expected = normal_object(so_far, told)["output"]
    deadline = time.monotonic() + 5
    while True:
        now = normal_object(client.poll(response_id), told)
        if now["output"] == expected or time.monotonic() > deadline:
            break
        time.sleep(0.01)
    assert now["output"] == expected
    assert now["status"] == "in_progress"
    assert skip_reason() is not None or misfits(now) == []
