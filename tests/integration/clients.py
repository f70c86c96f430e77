"""A client's scenarios, run with a provider itself, and through respool in front of it."""

import contextlib

import pytest

from answering import Answering
from harness import ALICE, PROVIDER_KEY, short_directory, remove
from sdk import SdkSite

# Names of the models whose provider is asked in this API; "direct" is the provider itself.
DIALECTS = ("responses", "chat", "messages")
WAYS = ("direct", *DIALECTS)
# Its provider has an error for every request.
BROKEN = "broken"
EMBEDDING = "embedding"
# Has two deployments, that are two accounts at the same provider.
TWO_ACCOUNTS = "two-accounts"
# Those that are served at /chat/completions.
COMPLETING = ("direct", "chat", "responses")
UPSTREAM_MODELS = {"responses": "openai/gpt-4.1", "chat": "openai_like/llama-3",
                   "messages": "anthropic/claude-sonnet-4-5"}


def model_list(root):
    def deployment(name, model, **params):
        return {"model_name": name, "litellm_params": {
            "model": model, "api_base": f"{root}/v1", "timeout": 20, "stream_timeout": 20,
            "api_key": "os.environ/RESPOOL_TEST_PROVIDER_KEY", **params}}

    return [
        *(deployment(api, model, api=api) for api, model in UPSTREAM_MODELS.items()),
        deployment(BROKEN, "openai/gpt-4.1", api_base=f"{root}/broken/v1"),
        *(deployment(TWO_ACCOUNTS, "openai/gpt-5", api_base=f"{root}/{account}/v1")
          for account in ("one", "two")),
        deployment(EMBEDDING, "openai/text-embedding-3-small"),
    ]


class Asking:
    """Runs scenarios of one file of node/clients."""

    def __init__(self, site, provider, begin):
        self.site = site
        self.provider = provider
        self.begin = begin
        self.scenarios = None

    def __call__(self, function, way, **about):
        """What the scenario has seen. about may name another model than the way's."""
        access = {"baseURL": self.site.base_url, "apiKey": ALICE}
        if way == "direct":
            access = {"baseURL": f"{self.provider.root}/v1", "apiKey": PROVIDER_KEY}
        result = self._run([function, access, {"model": way, **about}])
        assert "seen" in result, result["failure"]
        return result["seen"]

    def _run(self, job):
        self.scenarios = self.scenarios or self.begin()
        try:
            self.scenarios.tell(job)
            return self.scenarios.result()
        except AssertionError:
            self.close()
            raise

    def close(self):
        if self.scenarios:
            self.scenarios.close()
        self.scenarios = None

    def paths(self):
        """Those that the provider was asked for since forget()."""
        return {exchange.path for exchange in self.provider.exchanges}

    def bodies(self):
        """The requests with a body that it has had since forget(), as text."""
        return [exchange.body.decode() for exchange in self.provider.exchanges if exchange.body]

    def forget(self):
        self.provider.exchanges.clear()


@contextlib.contextmanager
def asking(node_clients, file):
    """The provider, a site with models of it, and the client of that file."""
    with contextlib.ExitStack() as stack:
        provider = Answering()
        stack.callback(provider.close)
        site = SdkSite({
            "model_list": model_list(provider.root),
            "router_settings": {"allowed_fails": 1000},
            "respool": {"default_deployment": "responses"}})
        stack.callback(site.close)
        directory = short_directory()
        stack.callback(remove, directory)
        node_clients.prepare(directory)
        ask = Asking(site, provider, lambda: node_clients.begin(file, directory))
        stack.callback(ask.close)
        yield ask


def fixture_of(file):
    """A fixture for all tests of a module: the client of that file."""
    @pytest.fixture(scope="module")
    def ask(node_clients):
        with asking(node_clients, file) as ask:
            yield ask
    return ask
