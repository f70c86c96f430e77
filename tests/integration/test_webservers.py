"""Behind lighttpd, nginx and Apache, in every way of starting and mounting respool.fcgi."""

import pytest

from deployed import (installed_program, keys_for_mod_fcgid, need, on_free_port, start_apache,
                      start_nginx)
from events import delta, message_stream, opening
from harness import BUILD, Client, UnixConnection, await_socket, output_text, wait_until
from upstream import Feed

pytestmark = pytest.mark.once

PREFIXES = ("/v1", "", "/openai/v1")


def minimal_list(client, upstream, model):
    """The main job from end to end, as a client sees it."""
    assert client.with_key(None).get_response("x").status == 401
    assert client.get_response("litellm_poll_00000000-0000-4000-8000-000000000000").status == 404
    wrong = client.request("PUT", f"{client.prefix}/responses", body="{}")
    assert (wrong.status, wrong.headers["allow"]) == (405, "POST")

    feed = Feed()
    upstream.script(model, [feed])
    created = client.create(model, "x" * 50000, metadata={"a": "\u00e9"})
    assert created["status"] == "queued"
    response_id = created["id"]
    feed.send(*opening(), delta("grow"))
    client.wait_for(response_id, lambda o: output_text(o) == "grow", "the first text")
    reply = client.get_response(response_id)
    assert reply.headers["openai-poll-after-ms"]
    assert reply.headers["x-request-id"]
    etag = reply.headers["etag"]
    not_modified = client.get_response(response_id, headers={"If-None-Match": etag})
    assert (not_modified.status, not_modified.body) == (304, b"")
    items = client.input_items(response_id, "?order=asc&limit=1").json()
    assert items["data"][0]["content"][0]["text"] == "x" * 50000
    assert client.cancel(response_id).json()["status"] == "cancelled"
    assert client.delete(response_id).json()["deleted"] is True
    assert client.get_response(response_id).status == 404
    feed.end()

    upstream.script(model + "-2", message_stream(["com", "plete"]))
    second = client.create(model + "-2")
    assert output_text(client.wait_terminal(second["id"])) == "complete"
    assert client.post_create("{").status == 400
    assert client.with_key(None).get(f"{client.prefix}/health/liveliness").status == 200


class TestLighttpd:
    @pytest.mark.parametrize("prefix", PREFIXES)
    def test_every_spelling_of_the_routes(self, client, upstream, model, prefix):
        minimal_list(client.with_prefix(prefix), upstream, model)

    def test_path_with_doubled_and_trailing_slashes(self, client, upstream, model):
        upstream.script(model, message_stream(["x"]))
        body = {"model": model, "input": "x", "background": True}
        assert client.request("POST", "/v1/responses/", body=body).status == 200
        assert client.get("/v1//responses/litellm_poll_x/").status == 404

    @pytest.mark.parametrize("mount", ["/", "/llm", "/llm/", "/deep/er/path", "/v1"])
    def test_every_mount_point(self, make_stack, model, mount):
        stack = make_stack(mounts=(mount,))
        prefix = "/v1" if mount == "/v1" else mount.rstrip("/") + "/v1"
        minimal_list(stack.client.with_prefix(prefix), stack.upstream, model)

    def test_two_mount_points_at_once(self, make_stack, model):
        stack = make_stack(mounts=("/a", "/b"))
        stack.upstream.script(model, message_stream(["x"]))
        created = stack.client.with_prefix("/a/v1").create(model)
        stack.client.with_prefix("/b/openai/v1").wait_terminal(created["id"])

    def test_lighttpd_starts_the_responder_itself(self, make_stack, model):
        """Descriptor 0 is the listening socket, as the FastCGI specification says."""
        stack = make_stack(spawned_by_web=True)
        wait_until(lambda: len(stack.web.children()) == 1, 5, "lighttpd to start it")
        minimal_list(stack.client, stack.upstream, model)
        stack.stop(stack.web)
        assert not stack.problems

    def test_one_responder_process_serves_without_w(self, make_stack, model):
        stack = make_stack(children=0)
        assert stack.responder.children() == []
        minimal_list(stack.client, stack.upstream, model)

    def test_many_requests_on_one_connection(self, client, upstream, model):
        """Keep-alive between client and server, with every kind of answer in turn."""
        upstream.script(model, message_stream(["x"]))
        response_id = client.create(model)["id"]
        client.wait_terminal(response_id)
        connection = UnixConnection(client.address, 10)
        headers = {"Authorization": f"Bearer {client.key}"}
        etag = client.get_response(response_id).headers["etag"]
        for number in range(60):
            path = f"/v1/responses/{response_id}" if number % 3 else "/v1/none"
            extra = {"If-None-Match": etag} if number % 3 == 2 else {}
            connection.request("GET", path, headers={**headers, **extra})
            answer = connection.getresponse()
            body = answer.read()
            assert answer.status == (404, 200, 304)[number % 3]
            assert bool(body) == (number % 3 != 2)
        connection.close()


NGINX = """
client_max_body_size 16m;
upstream respool {{ server unix:{directory}/fcgi.sock; {keepalive} }}
server {{
    listen 80;
    location {mount} {{
        include /etc/nginx/fastcgi_params;
        {extra}
        fastcgi_pass respool;
    }}
}}
"""


def nginx_client(stack, mount="/", keep=True, extra=""):
    _, address = start_nginx(stack, NGINX.format(
        directory=stack.directory, mount=mount,
        keepalive="keepalive 2;" if keep else "",
        extra=extra + ("fastcgi_keep_conn on;" if keep else "")))
    return Client(address, prefix=mount.rstrip("/") + "/v1")


class TestNginx:
    @pytest.mark.parametrize("keep", [True, False], ids=["keep_conn", "no_keep_conn"])
    def test_minimal_list(self, make_stack, model, keep):
        stack = make_stack(web=False, children=4)
        minimal_list(nginx_client(stack, keep=keep), stack.upstream, model)

    @pytest.mark.parametrize("prefix", PREFIXES)
    def test_every_spelling_of_the_routes(self, make_stack, model, prefix):
        stack = make_stack(web=False, children=4)
        minimal_list(nginx_client(stack).with_prefix(prefix), stack.upstream, model)

    def test_mounted_below_a_prefix(self, make_stack, model):
        stack = make_stack(web=False, children=4)
        minimal_list(nginx_client(stack, "/llm/"), stack.upstream, model)

    def test_path_info_of_its_own(self, make_stack, model):
        """The configuration of those who split the path themselves."""
        stack = make_stack(web=False, children=4)
        extra = ('fastcgi_split_path_info ^(/llm)(/.*)$; fastcgi_param PATH_INFO '
                 '$fastcgi_path_info; fastcgi_param SCRIPT_NAME $fastcgi_script_name;')
        minimal_list(nginx_client(stack, "/llm/", extra=extra), stack.upstream, model)

    def test_kept_connections_stay_in_step(self, make_stack, model):
        """Refused bodies are read to their end, or the next request would begin amid them."""
        stack = make_stack({"respool": {"max_request_bytes": 1000}}, web=False, children=4)
        client = nginx_client(stack)
        for _ in range(10):
            assert client.post_create("x" * 3000).status == 413
            assert client.with_key("wrong").post_create("y" * 100000).status in (401, 413)
            assert client.request("PUT", "/v1/responses", body="z" * 50000).status == 405
            assert client.get("/v1/none").status == 404
            assert client.get("/health/liveliness").status == 200


APACHE = """
FcgidMaxProcesses 3
FcgidMaxRequestLen 16777216
FcgidPassHeader Authorization
FcgidInitialEnv RESPOOL_CONFIG {config}
{keys}
ScriptAlias {mount} {program}
<Directory {program_directory}>
    SetHandler fcgid-script
    Options +ExecCGI
    AllowOverride None
    Require all granted
    CGIPassAuth On
</Directory>
"""


def apache_client(stack, mount="/"):
    programs = installed_program(stack)
    program = programs / "respool.fcgi"
    _, address = start_apache(stack, APACHE.format(
        config=stack.config_path, keys=keys_for_mod_fcgid(), mount=mount,
        program=f"{program}/" if mount.endswith("/") else program,
        program_directory=programs), "alias", "fcgid")
    return Client(address, prefix=mount.rstrip("/") + "/v1")


class TestApache:
    @pytest.mark.parametrize("mount", ["/", "/llm", "/llm/"])
    def test_minimal_list_with_mod_fcgid(self, make_stack, model, mount):
        stack = make_stack(web=False, responder=False)
        minimal_list(apache_client(stack, mount), stack.upstream, model)


def test_spawn_fcgi_starts_the_responder(make_stack, model):
    spawn = need("spawn-fcgi")
    stack = make_stack(responder=False, web=False)
    path = stack.directory / "fcgi.sock"
    program = stack.start("spawn-fcgi", [
        spawn, "-n", "-s", path, "--", BUILD / "respool.fcgi", "-c", stack.config_path])
    await_socket(program, path)
    stack.start_web()
    minimal_list(stack.client, stack.upstream, model)


def test_responder_listens_on_a_tcp_port(make_stack, model):
    stack = make_stack(responder=False, web=False)
    _, (host, port) = on_free_port(stack, lambda port: stack.start("respool.fcgi", [
        BUILD / "respool.fcgi", "-c", stack.config_path, "-s", f"127.0.0.1:{port}", "-w", "2"]))
    stack.fastcgi_config = lambda: (
        f'fastcgi.server = ("/" => (("host" => "{host}", "port" => {port}, '
        '"check-local" => "disable")))')
    stack.start_web()
    minimal_list(stack.client, stack.upstream, model)
