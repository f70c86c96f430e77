"""Streams that are taken up again where there are several of each program."""

from events import delta, opening
from following import create_stream, follow
from harness import BUILD, Stack, await_socket
from resuming import STACK  # noqa: F401  (what the stack is)
from upstream import Hang
from whole_streams import assert_whole, counted, finish, texts_of, types_of


class TwoResponders(Stack):
    """Two respool.fcgi with two relays each behind one web server, the second one under /two."""

    def start_responder(self, relays=2):
        super().start_responder(relays)
        path = self.directory / "two.sock"
        second = self.start("respool.fcgi-two", [
            BUILD / "respool.fcgi", "-c", self.config_path, "-s", f"unix:{path}", "-w", "2",
            "-r", "2"])
        await_socket(second, path)
        second.await_start()

    def fastcgi_config(self):
        return "fastcgi.server = (\n" + ",\n".join(
            f'  "{mount}" => (( "socket" => "{self.directory}/{name}.sock", '
            f'"check-local" => "disable" ))' for mount, name in (("/two", "two"), ("/", "fcgi"))
        ) + "\n)"


def test_two_programs_with_two_relays_each_serve_the_same_stream(model, feed):
    stack = TwoResponders()
    try:
        stack.upstream.script(model, [feed])
        follower, response_id = create_stream(stack.client, model)
        clients = [stack.client, stack.client.with_prefix("/two/v1")]
        readers = [follow(clients[number % 2], response_id) for number in range(16)]
        feed.send(*opening(), *(delta(f"{number} ") for number in range(50)))
        finish(feed, counted(0, 50))
        with follower:
            follower.rest()
        assert_whole(stack, follower.events)
        for reader in readers:
            with reader:
                assert texts_of(reader.rest()) == texts_of(follower.events)
    finally:
        stack.close()


def test_cancel_and_deletion_by_one_program_reach_readers_of_the_other(model):
    stack = TwoResponders()
    try:
        stack.upstream.script(model, [Hang()])
        other = stack.client.with_prefix("/two/v1")
        for call in (stack.client.cancel, stack.client.delete):
            follower, response_id = create_stream(other, model)
            with follower:
                assert call(response_id).status == 200
                ends = [event for event in follower.rest() if event.is_terminal]
                assert types_of(ends) == (["failed"] if call == stack.client.cancel else [])
    finally:
        stack.close()
