"""Standard Webhooks 1.0.0 as a receiver checks it, with symmetric keys.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import hashlib
import hmac
import os
import time

PREFIX = "whsec_"
TOLERANCE = 300  # s


class Refused(Exception):
    """A receiver does not take it. The text says why."""


def new_secret(size=32):
    return PREFIX + base64.b64encode(os.urandom(size)).decode()


def sign(secret, identity, timestamp, body):
    """The signature that a sender with this one secret makes."""
    key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    signed = b"%s.%d.%s" % (identity.encode(), timestamp, body)
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def verify(secret, headers, body, now=None):
    """Raises Refused unless a sender that has the secret has sent this just now."""
    missing = [name for name in ("webhook-id", "webhook-timestamp", "webhook-signature")
               if name not in headers]
    if missing:
        raise Refused(f"there is no {', '.join(missing)}")
    timestamp = headers["webhook-timestamp"]
    if not (timestamp.isascii() and timestamp.isdigit()):
        raise Refused(f"{timestamp!r} is no time")
    age = (time.time() if now is None else now) - int(timestamp)
    if abs(age) > TOLERANCE:
        raise Refused(f"it was sent {age:.0f} s ago")
    expected = sign(secret, headers["webhook-id"], int(timestamp), body)
    if not any(hmac.compare_digest(expected.encode(), signature.encode())
               for signature in headers["webhook-signature"].split(" ")):
        raise Refused("no signature fits")
