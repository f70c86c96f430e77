"""
A stand-in for a LiteLLM proxy with polling via cache, as far as it can be seen from Redis and by
clients: what it stores, how it reads it, and that its jobs live in its memory alone.
"""

import http.client
import json
import threading
import time
import urllib.parse
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from harness import RESPONSE_KEY

TERMINAL = {f"response.{status}": status
            for status in ("completed", "failed", "incomplete", "cancelled")}
# What it takes over from the provider's last event.
KEPT = ("usage", "reasoning", "tool_choice", "tools", "model", "instructions", "temperature",
        "top_p", "max_output_tokens", "text", "truncation", "parallel_tool_calls", "store",
        "incomplete_details", "error")


class Cache:
    """Its Redis: a value is stored as the JSON of a text that is JSON itself."""

    def __init__(self, redis, ttl):
        self.redis = redis
        self.ttl = ttl

    def read(self, response_id):
        """The object, or None. A TypeError if it was not stored in that way."""
        stored = self.redis.get(RESPONSE_KEY + response_id)
        return None if stored is None else json.loads(json.loads(stored))

    def write(self, response_id, object):
        self.redis.set(RESPONSE_KEY + response_id, json.dumps(json.dumps(object)), ex=self.ttl)

    def update(self, response_id, **members):
        """Reads, changes and writes. What is not there any more is not made again."""
        object = self.read(response_id)
        if object is not None:
            self.write(response_id, {
                **object, **{name: value for name, value in members.items() if value is not None}})
        return object is not None

    def delete(self, response_id):
        self.redis.delete(RESPONSE_KEY + response_id)


class Job(threading.Thread):
    """Streams an answer, and writes the whole object at most so often."""

    INTERVAL = 0.15

    def __init__(self, proxy, response_id, body):
        super().__init__(daemon=True)
        self.proxy = proxy
        self.id = response_id
        self.body = {**body, "stream": True}
        self.body.pop("background", None)
        self.items = {}
        self.killed = threading.Event()

    def run(self):
        try:
            self._update(status="in_progress")
            last = self._stream()
            self._update(output=list(self.items.values()))
            self._update(status=last.get("status", "completed"),
                         **{name: last.get(name) for name in KEPT})
        except Exception as error:
            self._update(status="failed", error={"message": str(error), "code": "server_error"})

    def _update(self, **members):
        if not self.killed.is_set():
            self.proxy.cache.update(self.id, **members)

    def _stream(self):
        url = urllib.parse.urlsplit(self.proxy.provider)
        connection = http.client.HTTPConnection(url.hostname, url.port, timeout=60)
        connection.request("POST", f"{url.path}/responses", json.dumps(self.body), {
            "Content-Type": "application/json", "Authorization": "Bearer sk-proxy"})
        written, last = time.monotonic(), {}
        for line in connection.getresponse():
            if not line.startswith(b"data: {"):
                continue
            event = json.loads(line[6:])
            last = self._fold(event) or last
            if time.monotonic() - written >= self.INTERVAL:
                self._update(output=list(self.items.values()))
                written = time.monotonic()
        connection.close()
        return last

    def _fold(self, event):
        """Takes an event in. The last one's object, if this is that."""
        kind = event["type"]
        item = self.items.get(event.get("item_id"))
        if kind in ("response.output_item.added", "response.output_item.done"):
            self.items[event["item"]["id"]] = event["item"]
        elif kind == "response.content_part.added":
            item.setdefault("content", []).append(event["part"])
        elif kind == "response.output_text.delta":
            item["content"][event["content_index"]]["text"] += event["delta"]
        elif kind in TERMINAL:
            return {"status": TERMINAL[kind], **event["response"]}
        return None


class Proxy:
    """It serves on loopback until it is closed."""

    def __init__(self, redis, provider, ttl=3600):
        self.cache = Cache(redis, ttl)
        self.provider = provider
        self.jobs = {}
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(self))
        self.address = self.server.server_address
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def create(self, body):
        response_id = f"litellm_poll_{uuid.uuid4()}"
        object = {"id": response_id, "object": "response", "status": "queued",
                  "created_at": int(time.time()), "output": [],
                  "metadata": body.get("metadata", {}), "usage": None}
        self.cache.write(response_id, object)
        self.jobs[response_id] = Job(self, response_id, body)
        self.jobs[response_id].start()
        return object

    def kill(self):
        """It is gone, and its jobs with it."""
        for job in self.jobs.values():
            job.killed.set()
        self.close()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def _handler_of(proxy):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            pass

        def answer(self, status, object):
            body = json.dumps(object).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("x-litellm-version", "1.0")
            self.end_headers()
            self.wfile.write(body)

        def stored(self, what):
            """what(id) for a response that is there."""
            response_id = self.path.split("/responses/")[1].split("/")[0]
            try:
                if proxy.cache.read(response_id) is None:
                    self.answer(404, {"detail": f"Polling response {response_id} not found"})
                else:
                    self.answer(200, what(response_id))
            except TypeError as error:
                self.answer(500, {"detail": str(error)})

        def do_GET(self):
            if self.path.startswith("/health"):
                self.answer(200, {"status": "healthy"})
            else:
                self.stored(proxy.cache.read)

        def do_DELETE(self):
            def delete(response_id):
                proxy.cache.delete(response_id)
                return {"id": response_id, "object": "response", "deleted": True}

            self.stored(delete)

        def do_POST(self):
            def cancel(response_id):
                proxy.cache.update(response_id, status="cancelled")
                return proxy.cache.read(response_id)

            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.path.endswith("/cancel"):
                self.stored(cancel)
            else:
                self.answer(200, proxy.create(json.loads(body)))

    return Handler
