"""Each case of the corpus as it is translated, without servers."""

import pytest

from corpus import SPLITS, answered, bare_events, normal_events, normal_object, translate
from corpus_runs import ANSWERED, CASES, REFUSED, check_answer, check_error, needs_translate
from schema import event_misfits, skip_reason


@needs_translate
@pytest.mark.parametrize("name", REFUSED)
def test_request_is_refused(name):
    error = translate(CASES[name]).error
    assert error is not None
    check_error(error, CASES[name])


@needs_translate
@pytest.mark.parametrize("name", ANSWERED)
def test_case_without_servers(name):
    case = CASES[name]
    whole = translate(case)
    assert whole.request == case.upstream_request
    if case.answer_path.suffix == ".http":
        return
    told = case.told()
    check_translation(case, whole, told)
    for split in SPLITS[1:] if case.has_own_answer and case.answer_path.suffix == ".sse" else ():
        check_same(whole, translate(case, split), told)


def check_translation(case, found, told):
    """What broke off is for those who read it to end."""
    if skip_reason() is None:
        assert [misfit for event in found.events for misfit in event_misfits(event)] == []
    if found.end != "truncated":
        check_answer(case, found.events, found.object, told)
        return
    assert case.response["status"] == "failed"
    events = bare_events(normal_events(found.events, told))
    assert case.events is None or events == case.events[:len(events)]


def check_same(one, other, told):
    assert bare_events(normal_events(one.events, told)) == bare_events(
        normal_events(other.events, told))
    assert answered(normal_object(one.object, told)) == answered(
        normal_object(other.object, told))
    assert one.end == other.end
