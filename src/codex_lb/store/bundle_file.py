"""A bundle as a file: compressed, and sealed with a passphrase.

The file begins with its format in plain words, then salt, nonce and the length of what follows, then
the bundle, AES-256-GCM under a key that scrypt makes of the passphrase. All before it is
authenticated with it. The format settles every parameter, so nobody can ask for more work.
"""

import hashlib
import os
import re
import struct
import zlib

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from codex_lb.core.bundle import Bundle, BundleError, read, written

SHORTEST = 12  # characters of a passphrase: whoever has the file may try as often as he likes
LARGEST = 64 * 2**20  # bytes of a file
_LARGEST_WITHIN = 512 * 2**20  # bytes, unpacked

_HEAD = b"codex-lb bundle 1\n"
_ANY_HEAD = re.compile(rb"codex-lb bundle (\d+)\n")
_REST = struct.Struct(">16s12sQ")

# As OWASP has it for scrypt: 64 MiB, which also a small machine has, and half a second.
_COST, _BLOCK, _LANES = 2**16, 8, 2


def seal(bundle: Bundle, passphrase: str) -> bytes:
    """Raises `BundleError` for a passphrase too short, or more than fits."""
    if len(passphrase) < SHORTEST:
        raise BundleError(f"The passphrase must have at least {SHORTEST} characters.")
    content = zlib.compress(written(bundle))
    if len(content) > LARGEST:
        raise BundleError("The bundle would be too large. Leave the request log out.")
    salt, nonce = os.urandom(16), os.urandom(12)
    length = len(content) + 16  # with the tag
    head = _HEAD + _REST.pack(salt, nonce, length)
    return head + AESGCM(_key(passphrase, salt)).encrypt(nonce, content, head)


def unseal(file: bytes, passphrase: str) -> Bundle:
    """Raises `BundleError`."""
    begin = len(_HEAD) + _REST.size
    _check_head(file, begin)
    salt, nonce, length = _REST.unpack_from(file, len(_HEAD))
    if len(file) - begin != length:
        raise BundleError(f"The file has {len(file)} bytes and should have {begin + length}.")
    try:
        content = AESGCM(_key(passphrase, salt)).decrypt(nonce, file[begin:], file[:begin])
    except InvalidTag:
        raise BundleError("The passphrase is wrong, or the file has been changed.") from None
    unpacking = zlib.decompressobj()
    document = unpacking.decompress(content, _LARGEST_WITHIN)
    if not unpacking.eof:
        raise BundleError("The bundle is too large.")
    return read(document)


def _check_head(file: bytes, begin: int) -> None:
    found = _ANY_HEAD.match(file)
    if not found:
        raise BundleError("The file is not a bundle of codex-lb.")
    if found[0] != _HEAD:
        raise BundleError(f"The bundle has format {found[1].decode()}; this version reads 1.")
    if len(file) < begin:
        raise BundleError("The file is cut.")


def _key(passphrase: str, salt: bytes) -> bytes:
    secret = passphrase.encode("utf-8", "surrogateescape")
    most = 2 * 128 * _COST * _BLOCK
    return hashlib.scrypt(secret, salt=salt, n=_COST, r=_BLOCK, p=_LANES, maxmem=most, dklen=32)
