"""Hash and check passwords beside the event loop, few at a time because each takes much memory."""

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argon2 import PasswordHasher

AT_ONCE = 2
_PASSES = 3
_MEMORY_KIB = 32 * 1024  # with three passes more than OWASP's least, and little for a small machine


class Passwords:
    def __init__(self, *, passes: int = _PASSES, memory_kib: int = _MEMORY_KIB) -> None:
        self._cost = (passes, memory_kib)
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def hashed(self, password: str) -> str:
        async with self._turns:
            return await asyncio.to_thread(lambda: self._hasher().hash(password))

    async def matches(self, password_hash: str, password: str) -> bool:
        async with self._turns:
            return await asyncio.to_thread(self._verify, password_hash, password)

    def _verify(self, password_hash: str, password: str) -> bool:
        from argon2.exceptions import VerifyMismatchError  # noqa: PLC0415  see `_hasher`

        try:
            return self._hasher().verify(password_hash, password)
        except VerifyMismatchError:
            return False

    def _hasher(self) -> "PasswordHasher":
        from argon2 import PasswordHasher  # noqa: PLC0415  not in the way of a start

        passes, memory_kib = self._cost
        return PasswordHasher(passes, memory_kib, parallelism=1)
