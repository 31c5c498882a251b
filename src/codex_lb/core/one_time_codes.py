"""Say whether a one-time code is good, and what is used up with it.

A code of RFC 6238 (SHA-1, six digits, 30 s; one step early or late is forgiven) is good once: the
step of the last one taken is kept, and only later steps count. That holds for the code that ended
the enrolment too. A recovery code is good once because its hash is taken away.
"""

import hashlib
import hmac
import re
from collections.abc import Sequence
from urllib.parse import urlencode

import pyotp

SECRET_BYTES = 20  # as many as SHA-1 has; 32 letters of base 32
RECOVERY_CODES = 10
RECOVERY_BYTES = 10  # 80 bits each: too many to try, whoever has the hashes

_STEP_S = 30
_SECRET = re.compile(r"[A-Z2-7]{32}")
_CODE = re.compile(r"\d{6}", re.ASCII)


def is_secret(text: str) -> bool:
    return _SECRET.fullmatch(text) is not None


def matching_step(secret: str, code: str, *, last_step: int, now: float) -> int | None:
    """The step, later than `last_step`, of which this is the code; None if there is none."""
    code = code.replace(" ", "")
    if _CODE.fullmatch(code) is None:
        return None
    current = int(now) // _STEP_S
    totp = pyotp.TOTP(secret)
    found = None
    for step in range(max(current - 1, last_step + 1), current + 2):
        if hmac.compare_digest(totp.generate_otp(step), code):
            found = step
    return found


def uri(secret: str) -> str:
    """What an authenticator app reads from the QR code."""
    query = urlencode({"secret": secret, "issuer": "codex-lb"})
    return f"otpauth://totp/codex-lb:dashboard?{query}"


def shown(recovery: str) -> str:
    """A recovery code as it is written down: `abcd-efgh-ijkl-mnop`."""
    return "-".join(re.findall(".{4}", recovery.lower()))


def hashed(recovery: str) -> str:
    """Of a recovery code in any spelling."""
    letters = re.sub(r"[\s-]", "", recovery).lower()
    return hashlib.sha256(letters.encode("utf-8", "replace")).hexdigest()


def without(hashes: Sequence[str], recovery: str) -> tuple[str, ...] | None:
    """`hashes` less that of the code; None if it is not among them."""
    given = hashed(recovery)
    left = tuple(known for known in hashes if not hmac.compare_digest(known, given))
    return left if len(left) < len(hashes) else None
