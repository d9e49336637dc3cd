"""HS256 tokens as the server's: access and refresh differ in ``exp`` only."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def sign(claims: dict, secret: str) -> str:
    head = _b64(b'{"alg":"HS256","typ":"JWT"}') + "." + _b64(json.dumps(claims).encode())
    return head + "." + _b64(hmac.new(secret.encode(), head.encode(), hashlib.sha256).digest())


def read(token: str, secret: str, now: float) -> dict:
    """The claims; ValueError with the server's words where the token is bad or expired."""
    head, _, signature = token.rpartition(".")
    good = _b64(hmac.new(secret.encode(), head.encode(), hashlib.sha256).digest())
    if head.count(".") != 1 or not hmac.compare_digest(good, signature):
        raise ValueError("token is malformed: token contains an invalid number of segments")
    body = head.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    if claims["exp"] <= now:
        raise ValueError("token has invalid claims: token is expired")
    return claims
