"""A worker's part of an event stream, by hand."""

import json

from harness import events_key, job_key, response_key


class Teller:
    """Tells the events of a response as a worker's writes do (flush.lua)."""

    def __init__(self, redis, response_id):
        self.redis = redis
        self.id = response_id
        self.key = events_key(response_id)

    def event(self, number, text="x"):
        return {"type": "response.output_text.delta", "sequence_number": number, "delta": text}

    def tell(self, count=1, text="x", publish=True):
        """Adds so many events. Returns them."""
        first = self.redis.llen(self.key)
        events = [self.event(first + i, text) for i in range(count)]
        texts = [f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events]
        with self.redis.pipeline() as script:
            script.rpush(self.key, *texts)
            if publish:
                script.publish(self.key, f"{first} {count}\n{''.join(texts)}")
            script.execute()
        return events

    def end(self, status="completed", publish=True):
        """Ends the response. Returns its object."""
        last = self.redis.llen(self.key)
        key = response_key(self.id)
        object = {**json.loads(self.redis.get(key)), "status": status}
        with self.redis.pipeline() as script:
            script.set(key, json.dumps(object), keepttl=True)
            script.hset(job_key(self.id), "state", status)
            if publish:
                script.publish(self.key, f"{last} 0 ended\n")
            script.execute()
        return object
