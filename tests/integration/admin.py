"""An administrator who asks over HTTP."""

from harness import ADMIN, Client


class Admin(Client):
    """The routes under /respool/v1 of a stack, by their names."""

    def __init__(self, stack, key=ADMIN):
        super().__init__(stack.client.address, key, "/respool/v1")

    def status(self):
        return self._answered(self.get("/respool/v1/status"))

    def list(self, query=""):
        return self._answered(self.get(f"/respool/v1/responses{query}"))

    def ids(self, query=""):
        return [row["id"] for row in self.list(query)["data"]]

    def details(self, response_id):
        return self._answered(self.get(f"/respool/v1/responses/{response_id}/details"))

    def retry(self, response_id):
        return self.request("POST", f"/respool/v1/responses/{response_id}/retry")

    def webhooks(self, query=""):
        return self._answered(self.get(f"/respool/v1/webhooks{query}"))

    def redeliver(self, delivery_or_response):
        return self.request("POST", f"/respool/v1/webhooks/{delivery_or_response}/retry")

    def usage(self, query=""):
        return self._answered(self.get(f"/respool/v1/usage{query}"))

    def workers(self):
        return self._answered(self.get("/respool/v1/workers"))

    def drain(self, worker, body=None):
        return self.request("POST", f"/respool/v1/workers/{worker}/drain", body=body)

    def order(self, what, body=None):
        """Pauses or resumes."""
        return self.request("POST", f"/respool/v1/{what}", body=body)

    @staticmethod
    def _answered(reply):
        assert reply.status == 200, reply
        assert reply.headers["content-type"] == "application/json"
        return reply.json()
