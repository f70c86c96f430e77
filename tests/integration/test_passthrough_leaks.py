"""Answers of every fate leave nothing behind."""

import os

from harness import children_of, private_part, wait_until
from passing import answer, event
from passing_faults import STACK  # noqa: F401  (what the stack is)
from passing_faults import BODY, is_cut, raw
from upstream import Cut, Reset, Script, json_error


def test_faults_of_every_kind_leave_nothing_behind(make_stack):
    stack = make_stack({"respool": {"max_passthrough": 1, "max_response_bytes": 2000}},
                       supervisor=False, children=1)
    scripts = [
        [Cut()], [event(0), Cut()], [event(0), Reset()], [Reset()], raw(Cut()), raw(b"x", Cut()),
        raw(b"HTTP/1.1 101 x\r\n\r\nx", Cut()), json_error(500, b""), answer(b"y" * 5000),
        Script([b"y" * 5000, Cut()], headers={"Content-Type": "a/b"}),
        Script([b"plain"], framing="close"), answer(BODY, 204),
        raw(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n123456789012345", Cut())]
    stack.upstream.script("m", answer(BODY))
    children = wait_until(lambda: children_of(stack.responder.pid), 10, "the children")

    def descriptors():
        return sum(len(os.listdir(private_part(child, "fd"))) for child in children)

    def round_of_faults():
        for number, script in enumerate(scripts):
            stack.upstream.script(f"fault-{number}", script)
            for stream in (False, True):
                is_cut(stack.client, {"model": f"fault-{number}", "input": "x", "stream": stream})
        assert stack.client.post_create({"model": "m", "input": "x"}).body == BODY
        return descriptors()

    before = round_of_faults()
    for _ in range(4):
        round_of_faults()
    wait_until(lambda: descriptors() <= before, 5, "the last connection to be closed")
    assert children_of(stack.responder.pid) == children
