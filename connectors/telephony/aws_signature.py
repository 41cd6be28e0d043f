"""AWS Signature Version 4. Pure.

Source: AWS Identity and Access Management, "Create a signed AWS API request".
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import quote

_ALGORITHM = "AWS4-HMAC-SHA256"


@dataclass(frozen=True, slots=True)
class Signer:
    """Of one key in one region. `session_token`: of temporary keys, else empty."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    region: str
    service: str
    session_token: str = field(default="", repr=False)

    def headers(
        self, method: str, host: str, path: str, query: Sequence[tuple[str, str]], body: bytes, at: datetime
    ) -> tuple[tuple[str, str], ...]:
        """To be sent with the request. `path`: as it is sent, escaped once."""
        stamp = at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
        signed = [("host", host), ("x-amz-date", stamp)]
        if self.session_token:
            signed.append(("x-amz-security-token", self.session_token))
        names = ";".join(name for name, _ in signed)
        request = "\n".join(
            (
                method,
                quote(path, safe="/-_.~"),
                "&".join(f"{_escaped(name)}={_escaped(value)}" for name, value in sorted(query)),
                "".join(f"{name}:{value}\n" for name, value in signed),
                names,
                hashlib.sha256(body).hexdigest(),
            )
        )
        scope = f"{stamp[:8]}/{self.region}/{self.service}/aws4_request"
        text = "\n".join((_ALGORITHM, stamp, scope, hashlib.sha256(request.encode()).hexdigest()))
        key = f"AWS4{self.secret_access_key}".encode()
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        signature = hmac.digest(key, text.encode(), "sha256").hex()
        credential = f"Credential={self.access_key_id}/{scope}"
        authorization = f"{_ALGORITHM} {credential}, SignedHeaders={names}, Signature={signature}"
        return (*signed[1:], ("authorization", authorization))


def _escaped(text: str) -> str:
    return quote(text, safe="-_.~")
