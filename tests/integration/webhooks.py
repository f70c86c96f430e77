"""Stacks whose responses' ends are told to a receiver."""

import signal

import webhooks_clock
from events import Stream, delta, message_stream, opening
from faulty import FaultyStack
from harness import merged, wait_until
from receiver import OK, Receiver, failure
from standard_webhooks import new_secret
from upstream import Hang, Script, json_error
from webhooks_clock import held_deliveries, held_endpoints, keys_of

HOOKS = 60
HEADER = "X-Respool-Webhook"
MINUTE, HOUR, DAY = 60, 3600, 86400  # s

# What makes a response end so.
ENDS = {
    "completed": Script(message_stream(["secret text"])),
    "incomplete": Script(Stream().begin().message(["secret text"]).end(
        "incomplete", incomplete_details={"reason": "max_output_tokens"}).events),
    "failed": json_error(400, {"error": {"message": "secret text", "code": "bad"}}),
    "cancelled": Script([*opening(), delta("secret text"), Hang()]),
}


class Hook:
    """An endpoint that a test has for itself: none but responses that name it are told to it."""

    def __init__(self, stack, name, secret):
        self.stack = stack
        self.name = name
        self.path = f"/{name}"
        self.secret = secret

    def script(self, *answers):
        self.stack.receiver.script(self.path, *answers)

    def create(self, model="completed"):
        return self.stack.create(model, self.name)

    def end(self, how="completed"):
        """The id of a response that has ended so."""
        return self.stack.end(how, self.name)

    def deliveries(self, response=None):
        return self.stack.receiver.deliveries(self.path, response)

    def await_deliveries(self, count, response=None, timeout=10):
        """Waits until so many have arrived, and returns them. There may be no others."""
        found = self.stack.receiver.await_deliveries(count, self.path, response, timeout)
        assert len(found) == count, [one.id for one in found]
        return found

    def await_delivery(self, response=None):
        return self.await_deliveries(1, response)[0]

    def held(self):
        """The deliveries to it that Redis holds."""
        return [one for one in held_deliveries(self.stack).values() if one.endpoint == self.name]

    def await_tries(self, tries, timeout=10):
        """Waits until the report of so many failed tries of its one delivery is in Redis."""
        def reported():
            held = self.held()
            return len(held) == 1 and held[0].tries >= tries and held[0]

        held = wait_until(reported, timeout, f"the report of try {tries} to {self.name}")
        assert held.tries == tries, vars(held)
        return held

    def await_rest(self, count=1, timeout=10):
        """Waits until so many tries or more have arrived, and nothing is left to be told to it."""
        wait_until(lambda: len(self.deliveries()) >= count and not self.held(), timeout,
                   f"{count} deliveries to {self.name} to be over")

    def assert_is_told_when_tried_again(self):
        """The first try to tell of an end fails; the next one arrives, and all is over."""
        self.script(failure(500), OK)
        self.end()
        self.await_tries(1)
        self.stack.pass_time(6)
        for delivery in self.await_deliveries(2):
            delivery.verify(self.secret)
        self.await_rest()

    def state(self):
        """[failures in a row, rests until, off], or None."""
        return held_endpoints(self.stack).get(self.name)


class WebhookStack(FaultyStack):
    """
    Has a receiver, and HOOKS endpoints that tests take for themselves. endpoints, a function of the
    receiver, gives more of them.
    """

    def __init__(self, endpoints=None, config=None, tls_directory=None, hooks=HOOKS, **options):
        self.receiver = Receiver(tls_directory)
        self.secrets = {f"hook-{number}": new_secret() for number in range(hooks)}
        self.untaken = list(self.secrets)
        listed = [self.receiver.endpoint(name, secret, tenants=[])
                  for name, secret in self.secrets.items()]
        listed += endpoints(self.receiver) if endpoints else []
        try:
            super().__init__(merged({"respool": {
                "webhooks": listed, "allow_request_webhooks": True}}, config), **options)
        except BaseException:
            self.receiver.close()
            raise
        for how, script in ENDS.items():
            self.upstream.script(how, script)

    def close(self, check=True):
        self.receiver.release()
        try:
            super().close(check)
        finally:
            self.receiver.close()

    def hook(self):
        name = self.untaken.pop(0)
        return Hook(self, name, self.secrets[name])

    def create(self, model="completed", hook=None, client=None, **fields):
        """The id of a response that has just begun."""
        body = {"model": model, "input": "secret question", "background": True, **fields}
        headers = {HEADER: hook} if hook else {}
        reply = (client or self.client).post_create(body, headers=headers)
        assert reply.status == 200, reply
        return reply.json()["id"]

    def end(self, how="completed", hook=None, client=None):
        """The id of a response that has ended so."""
        client = client or self.client
        response = self.create(how, hook, client)
        if how == "cancelled":
            client.wait_status(response, "in_progress")
            assert client.cancel(response).status == 200
        assert client.wait_terminal(response)["status"] == how
        return response

    def pass_time(self, seconds, ends_leases=True):
        webhooks_clock.pass_time(self, seconds, ends_leases)
        self.look()

    def look(self):
        """Has the couriers look for what is due."""
        for program in self.programs:
            if program.name.startswith("respoold"):
                program.send_signal(signal.SIGHUP)

    def configure(self, change):
        """Changes the list of endpoints by a function, and has the workers read it."""
        change(self.config["respool"]["webhooks"])
        self.write_config()
        workers = self.supervisor.children(), self.supervisor.stderr_size()
        self.supervisor.send_signal(signal.SIGHUP)
        self.await_said(*workers, "config.yaml read again")

    def await_said(self, pids, offset, text):
        """Waits until each of these workers has said so, behind what stderr had before."""
        lines = [f"[{pid}]: " for pid in pids]
        wait_until(lambda: all(any(line in said and text in said for said in
                                   self.supervisor.stderr(offset).splitlines())
                               for line in lines), 10, f"{pids} to say {text!r}")

    def assert_nothing_is_told(self):
        """Nothing of webhooks is left in Redis."""
        assert held_deliveries(self) == {}
        assert self.redis.exists(*keys_of(self)) == 0, held_endpoints(self)
