"""Conversations with providers of the Chat Completions API, and what they are made of."""

import pytest

from harness import Stack
from strict_chat import StrictChat

# As at OpenAI's own address.
OPENAI = {"openai_members": True, "developer_role": True, "uses_max_completion_tokens": True}
PARAMS = {
    "openai": {"model": "openai/gpt-4.1", **OPENAI},
    "reasoning": {"model": "openai/gpt-5", **OPENAI},
    "mistral": {"model": "mistral/mistral-large-latest"},
    "deepseek": {"model": "deepseek/deepseek-reasoner"},
    "gemini": {"model": "gemini/gemini-3-pro"},
    "openrouter": {"model": "openrouter/vendor/model"},
    "local": {"model": "openai_like/local", "string_content": True, "no_stream_options": True,
              "no_parallel_tool_calls": True, "no_strict_tools": True},
}
PNG = ("data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwAD"
       "hgGAWjR9awAAAABJRU5ErkJggg==")


@pytest.fixture(scope="module")
def strict():
    provider = StrictChat()
    yield provider
    provider.close()


@pytest.fixture(scope="module")
def stack(strict):
    stack = Stack({
        "model_list": [{"model_name": mode, "litellm_params": {
            "api": "chat", "api_base": strict.base_of(mode),
            "api_key": "os.environ/RESPOOL_TEST_PROVIDER_KEY", "timeout": 20,
            "stream_timeout": 20, **params}} for mode, params in PARAMS.items()],
        "litellm_settings": {"num_retries": 1}, "respool": {"max_attempts": 1}})
    yield stack
    stack.close()
