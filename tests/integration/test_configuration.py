"""What a LiteLLM user's file asks for, from the file to the provider."""

import json
import re
import signal

from events import message_stream
from harness import Client, PROVIDER_KEY, TOP, output_text, run_program, wait_until
from upstream import json_error

ANSWER = {"id": "resp_1", "object": "response", "status": "completed", "output": []}
DEPLOYMENT = {"model": "openai/served", "api_key": PROVIDER_KEY}


def models(**params):
    """The deployment of the model m, which its provider calls "served"."""
    return [{"model_name": "m", "litellm_params": {**DEPLOYMENT, **params}}]


def run(stack, name, client=None):
    client = client or stack.client
    return client.wait_terminal(client.create(name)["id"], timeout=20)


def assert_answered(final, text="hello"):
    assert (final["status"], output_text(final)) == ("completed", text), final


def reload(stack):
    """Both programs read the file again, in every process."""
    stack.write_config()
    for program in (stack.responder, stack.supervisor):
        before = program.stderr().count("read again")
        processes = 1 + len(program.children())
        program.send_signal(signal.SIGHUP)
        wait_until(lambda: program.stderr().count("read again") >= before + processes,
                   what=f"{program.name} to have read it again")


def check(path, program="respool.fcgi"):
    return run_program(program, "-t", "-c", path)


class TestAliases:
    CONFIG = {
        "model_list": [*models(), {"model_name": "any/*", "litellm_params": {
            "model": "openai/*", "api_key": PROVIDER_KEY}}],
        "router_settings": {"model_group_alias": {
            "old": "m", "fast": {"model": "any/quick", "hidden": True}}},
    }

    def test_a_background_response_is_made_by_the_alias_s_model(self, make_stack):
        stack = make_stack(self.CONFIG)
        for served in ("served", "quick"):
            stack.upstream.script(served, message_stream(["hello"]))
        for name, served in (("old", "served"), ("fast", "quick")):
            created = stack.client.create(name)
            assert created["model"] == name
            final = stack.client.wait_terminal(created["id"])
            assert_answered(final)
            assert len(stack.upstream.requests(served)) == 1
            assert stack.job(created["id"])[b"model"] == name.encode()

    def test_a_request_that_is_passed_through_goes_to_the_alias_s_model(self, make_stack):
        stack = make_stack(self.CONFIG, supervisor=False)
        for served in ("served", "quick"):
            stack.upstream.script(served, json_error(200, ANSWER))
        for name, served in (("old", "served"), ("fast", "quick")):
            reply = stack.client.post_create({"model": name, "input": "x"})
            assert reply.status == 200, reply
            assert stack.upstream.wait_request(served).json()["model"] == served

    def test_aliases_are_listed_and_serve_chats_as_their_models_do(self, make_stack):
        stack = make_stack(self.CONFIG, supervisor=False)
        listed = [model["id"] for model in stack.client.get("/models").json()["data"]]
        assert listed == ["m", "any/*", "old"]
        stack.upstream.script("quick", json_error(200, {"object": "chat.completion"}))
        reply = stack.client.request("POST", "/chat/completions", {
            "model": "fast", "messages": [{"role": "user", "content": "x"}]})
        assert (reply.status, reply.json()) == (200, {"object": "chat.completion"})
        assert stack.upstream.wait_request("quick").path == "/v1/chat/completions"

    def test_a_request_without_a_model_is_for_litellm_s_completion_model(self, make_stack):
        stack = make_stack({**self.CONFIG, "general_settings": {"completion_model": "old"}})
        stack.upstream.script("served", message_stream(["hello"]))
        created = stack.client.post_create({"input": "x", "background": True}).json()
        assert created["model"] == "old"
        assert_answered(stack.client.wait_terminal(created["id"]))

    def test_an_alias_that_leads_nowhere_is_not_found(self, make_stack):
        stack = make_stack(
            {"model_list": models(), "router_settings": {"model_group_alias": {"old": "gone"}}},
            supervisor=False)
        reply = stack.client.post_create({"model": "old", "input": "x", "background": True})
        assert reply.status == 404
        assert reply.error()["code"] == "model_not_found"
        assert "'old'" in reply.error()["message"]

    def test_a_fallback_may_be_an_alias(self, make_stack):
        stack = make_stack({
            "model_list": [*models(), {"model_name": "bad", "litellm_params": {
                "model": "openai/bad", "api_key": PROVIDER_KEY}}],
            "router_settings": {"model_group_alias": {"old": "m", "worse": "bad"},
                                "fallbacks": [{"worse": ["old"]}]}})
        stack.upstream.script("bad", json_error(500, {"error": {"message": "x"}}))
        stack.upstream.script("served", message_stream(["hello"]))
        assert_answered(run(stack, "worse"))


class TestTheWholeFile:
    def test_a_reload_reads_included_files_variables_and_credentials(self, make_stack):
        stack = make_stack({"model_list": models()})
        stack.upstream.script("served", message_stream(["hello"]))
        assert_answered(run(stack, "m"))
        stack.upstream.script("more", message_stream(["more"]))
        (stack.directory / "more.yaml").write_text(json.dumps({
            "credential_list": [{"credential_name": "c", "credential_values": {
                "api_key": "os.environ/KEY_OF_THE_FILE", "api_base": stack.upstream.base}}],
            "model_list": [{"model_name": "n", "litellm_params": {
                "model": "openai/more", "litellm_credential_name": "c"}}]}))
        stack.config["include"] = ["more.yaml"]
        stack.config["environment_variables"] = {"KEY_OF_THE_FILE": "sk-file-secret"}
        reload(stack)
        assert_answered(run(stack, "n"), "more")
        sent = stack.upstream.wait_request("more")
        assert sent.header("authorization") == "Bearer sk-file-secret"
        assert_answered(run(stack, "m"))
        for program in (stack.responder, stack.supervisor):
            assert "sk-file-secret" not in program.stderr()
        assert b"sk-file-secret" not in stack.everything_stored()

    def test_keys_and_redis_may_be_in_the_variables_that_the_file_sets(self, make_stack):
        stack = make_stack({"model_list": models()}, responder=False, supervisor=False, web=False)
        del stack.config["general_settings"]
        del stack.config["litellm_settings"]["cache"]
        del stack.config["litellm_settings"]["cache_params"]
        stack.config["model_list"][0]["litellm_params"].pop("api_key")
        stack.config["environment_variables"] = {
            "OPENAI_API_KEY": "sk-file-secret",
            "LITELLM_MASTER_KEY": "sk-file-master",
            "REDIS_URL": f"unix://{stack.directory}/redis.sock"}
        stack.write_config()
        stack.start_all()
        stack.upstream.script("served", message_stream(["hello"]))
        client = Client(stack.directory / "http.sock", key="sk-file-master")
        assert_answered(run(stack, "m", client))
        sent = stack.upstream.wait_request("served")
        assert sent.header("authorization") == "Bearer sk-file-secret"

    def test_a_proxy_in_the_variables_that_the_file_sets_is_used(self, make_stack):
        stack = make_stack({"model_list": models(api_base="http://provider.invalid/v1")},
                           responder=False, supervisor=False, web=False)
        stack.config["environment_variables"] = {
            "http_proxy": stack.upstream.base.removesuffix("/v1")}
        stack.write_config()
        stack.start_all()
        stack.upstream.script("served", message_stream(["hello"]))
        assert_answered(run(stack, "m"))
        assert stack.upstream.wait_request("served").path == "http://provider.invalid/v1/responses"


def unimplemented():
    """The keys of the table, each as a path that it fits, with whether anything follows."""
    table = (TOP / "common/config/config_unimplemented.c").read_text().partition("} keys[] = {")[2]
    for path, star, follows in re.findall(r'\{"([^"*]+)(\*?)",\s*(\w+|(?:"[^"]*"\s*)+)\}', table):
        yield path + ("x" if star else ""), follows != "nothing"


def put(config, path, value):
    *sections, key = path.split(".")
    for section in sections:
        if section.endswith("[]"):
            config = config.setdefault(section[:-2], [{}])[0]
        else:
            config = config.setdefault(section, {})
    config.setdefault(key, value)


class TestCheck:
    def test_no_key_of_the_table_of_those_not_implemented_is_implemented(self, tmp_path):
        config = {"model_list": [{"model_name": "m", "litellm_params": dict(DEPLOYMENT)}]}
        keys = dict(unimplemented())
        assert len(keys) > 200
        for path in sorted(keys, key=lambda path: -path.count(".")):
            put(config, path, ["x"])
        (tmp_path / "config.yaml").write_text(json.dumps(config))
        result = check(tmp_path / "config.yaml")
        assert result.returncode == 0, result.stderr
        named = set(re.findall(r": (\S+): not implemented: ", result.stderr.decode()))
        assert named == {path for path, follows in keys.items() if follows}
        assert b"ignored" not in result.stderr

    def test_a_value_s_own_file_is_named(self, tmp_path):
        (tmp_path / "config.yaml").write_text("include: [parts/more.yaml]\n")
        (tmp_path / "parts").mkdir()
        (tmp_path / "parts/more.yaml").write_text("\nrespool: {max_queue: none}\n")
        result = check(tmp_path / "config.yaml")
        assert result.returncode == 1
        assert result.stderr.startswith(
            f"{tmp_path}/parts/more.yaml:2: respool.max_queue: ".encode())

    def test_what_the_file_sets_is_there_for_the_check(self, tmp_path):
        path = tmp_path / "config.yaml"
        path.write_text("model_list: [{model_name: m, litellm_params: "
                        "{model: openai/m, api_key: os.environ/KEY_OF_THE_FILE}}]\n"
                        "litellm_settings: {cache: true}\n")
        assert check(path, "respoold").returncode == 1
        path.write_text(path.read_text() + "environment_variables: {KEY_OF_THE_FILE: hidden}\n")
        result = check(path, "respoold")
        assert result.returncode == 0
        assert b"hidden" not in result.stdout + result.stderr
