"""Records of FastCGI that must not take a child down."""

import contextlib
import random

import pytest

from fastcgi import GET_VALUES, PARAMS, STDIN, begin, pairs, record
from fastcgi_stacks import STACK  # noqa: F401  (what the stack is)
from fastcgi_stacks import connected, is_alive, is_closed
from fastcgi_stacks import children_stay  # noqa: F401  (a fixture)

LONG = b"\xff\xff\xff\xff"  # the length 0x7fffffff


@pytest.mark.parametrize("data", [
    record(GET_VALUES, pairs({"FCGI_MPXS_CONNS": ""}), 0) * 2,
    record(GET_VALUES, b"\x0f\x00FCGI_MPXS_CONNS" * 2, 0),
    record(GET_VALUES, b"\x0f\x00FCGI_MPXS_CONNS" * 20, 0) * 3,
    record(GET_VALUES, b"\x0e\x00FCGI_MAX_CONNS\x0d\x00FCGI_MAX_REQS" * 2, 0),
    record(GET_VALUES, LONG + LONG, 0),
    record(GET_VALUES, b"", 0),
    record(GET_VALUES, b"\x0f\x00FCGI_MPXS_CONNS", 0)[:20],
    begin() + record(PARAMS, LONG + LONG + b"name") + record(PARAMS) + record(STDIN),
    begin() + record(PARAMS, LONG + b"\x01" + b"N") + record(PARAMS),
    begin() + record(PARAMS, b"\x01" + LONG + b"N") + record(PARAMS),
    begin() + record(PARAMS, LONG) + record(PARAMS, LONG) + record(PARAMS, b"x" * 100),
    begin() + record(PARAMS, b"\xc0\0\0\0\xc0\0\0\0name") + record(PARAMS),
    begin() + (record(PARAMS, b"\x04\x04nameabcd") + record(PARAMS, LONG * 2)) + record(PARAMS),
], ids=range(13))
def test_lengths_and_questions_that_lie_end_no_process(stack, data):
    for _ in range(4):  # more often than there are children
        with connected(stack) as connection:
            connection.socket.sendall(data)
            assert is_alive(stack)


def test_variables_without_end_are_cut_off(stack):
    with connected(stack) as connection, contextlib.suppress(ConnectionError):
        connection.socket.sendall(begin())
        for _ in range(10):
            connection.socket.sendall(record(PARAMS, b"\x01\x00N" * 20000))
        assert is_closed(connection)


def test_questions_without_end_are_cut_off(stack):
    with connected(stack) as connection, contextlib.suppress(ConnectionError):
        while True:
            connection.socket.sendall(record(GET_VALUES, b"\x0f\x00FCGI_MPXS_CONNS", 0))
            if connection.read_record() is None:
                break


@pytest.mark.parametrize("seed", range(8))
def test_noise_ends_no_process(stack, seed):
    """Records with types, ids and lengths of every kind, whole and cut off."""
    chance = random.Random(seed)

    def noise():
        length = chance.choice([0, 1, 8, 8, 40, 3000])
        return record(chance.randrange(13), chance.randbytes(length), chance.choice([0, 1, 1, 2]))

    for _ in range(40):
        data = chance.choice([b"", begin()]) + b"".join(noise() for _ in range(6))
        with connected(stack) as connection, contextlib.suppress(ConnectionError):
            connection.socket.sendall(data[:chance.randrange(1, len(data) + 1)])
