"""No secret is told when something goes wrong on the way."""

import json

import pytest

from harness import PROVIDER_KEY
from passing_faults import STACK  # noqa: F401  (what the stack is)
from passing_faults import KEY, deployment
from upstream import json_error


@pytest.mark.parametrize("headers", [
    {"X-Api-Key": "gateway-secret-7d1"}, {"Authorization": "Basic gateway-secret-7d1"},
    {"api-key": "gateway-secret-7d1", "Authorization": "Bearer other-secret-99"},
    {"Ocp-Apim-Subscription-Key": "gateway-secret-7d1"}, {"X-Auth-Token": "gateway-secret-7d1"}])
def test_key_in_an_extra_header_is_masked_too(make_stack, headers):
    stack = make_stack({"model_list": [
        deployment("m", api_key=KEY, extra_headers={**headers, "X-Title": "My application"})]},
        supervisor=False)
    text = json.dumps({"echo": {**headers, "key": PROVIDER_KEY, "title": "My application"}})
    stack.upstream.script("m", json_error(400, text.encode()))
    reply = stack.client.post_create({"model": "m", "input": "x"})
    assert reply.status == 400
    assert "My application" in reply.body.decode()
    for secret in ("gateway-secret-7d1", "other-secret-99"):
        assert secret not in reply.body.decode() + str(reply.headers)
    if "Authorization" not in headers:
        assert PROVIDER_KEY not in reply.body.decode()
