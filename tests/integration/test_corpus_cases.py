"""The cases of the corpus by themselves: are they what they say?"""

import pytest

from corpus_runs import CASES
from stream_rules import TERMINAL, accumulate


@pytest.mark.parametrize("name", CASES)
def test_case_is_whole(name):
    case = CASES[name]
    assert case.info["why"] and case.request
    assert not {"background", "stream"} & set(case.request)
    if case.error:
        assert set(case.error) >= {"status", "param", "code"}
        assert not case.has_own_answer
        return
    assert case.upstream_request and case.answer_path.exists()
    if not case.has_own_answer:
        return
    assert case.response
    assert case.events is not None or case.http_status != 200
    if case.events is not None:
        assert case.events[-1]["type"] == f"response.{case.response['status']}"
        assert expected_output(case) == case.response["output"]


def expected_output(case):
    """What the expected events add up to."""
    begun = {"id": "resp_1", "status": "in_progress", "output": [], "usage": None}
    return accumulate([{**event, "response": {**begun}} if event["type"] in (
        "response.created", "response.in_progress", *TERMINAL) else event
        for event in case.events])["output"]
