"""Ed25519 keys in the encodings of signed notes, as other tools of transparency logs use them.

A public key is ``<name>+<key id>+<base64>``; a private one has ``PRIVATE+KEY+`` before it. The key
id is the start of a hash over name and public key, so that a damaged key is noticed.
"""

from __future__ import annotations

import os
import re
from hashlib import sha256
from typing import TYPE_CHECKING

from attrs import field, frozen

from eventlog._errors import InvalidKeyError, MissingExtraError
from eventlog.checkpoints._base64 import decode_base64, encode_base64

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

PRIVATE_START = "PRIVATE+KEY+"

_ED25519 = b"\x01"  # the type of the signature, as C2SP's signed-note numbers them
_KEY_BYTES = 32
_ENCODED = re.compile(r"([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)")
_MAX_NAME = 200


@frozen
class PublicKey:
    """Checks signatures."""

    name: str
    raw: bytes

    @property
    def key_id(self) -> bytes:
        """Four bytes that tell keys of one name apart."""
        return sha256(self.name.encode() + b"\n" + _ED25519 + self.raw).digest()[:4]

    def encode(self) -> str:
        """The inverse of :func:`parse_public_key`."""
        return f"{self.name}+{self.key_id.hex()}+{encode_base64(_ED25519 + self.raw)}"

    def has_signed(self, message: bytes, signature: bytes) -> bool:
        """Whether this is the key's signature of the message."""
        _check_installed()
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, message)
        except InvalidSignature:
            return False
        return True


@frozen
class PrivateKey:
    """Makes signatures. Never shown, not even in a traceback."""

    name: str
    seed: bytes = field(repr=False)

    @property
    def public(self) -> PublicKey:
        """What checks this key's signatures."""
        return PublicKey(self.name, self._key().public_key().public_bytes_raw())

    def encode(self) -> str:
        """The inverse of :func:`parse_private_key`."""
        key_id = self.public.key_id.hex()
        return f"{PRIVATE_START}{self.name}+{key_id}+{encode_base64(_ED25519 + self.seed)}"

    def sign(self, message: bytes) -> bytes:
        """The signature of the message, always the same for the same message."""
        return self._key().sign(message)

    def _key(self) -> Ed25519PrivateKey:
        _check_installed()
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return Ed25519PrivateKey.from_private_bytes(self.seed)


@frozen
class KeyPair:
    """A new key: the private part signs checkpoints, the public part checks them."""

    private: str = field(repr=False)
    public: str


def new_key(name: str) -> KeyPair:
    """A new Ed25519 key. ``name`` says whose it is, best like a URL: ``example.com/audit``.

    Keep the private part where nobody else can read it, and apart from the log: whoever has it can
    sign anything. InvalidKeyError for a name with spaces or a plus sign; MissingExtraError without
    the extra ``sign``.

    Example::

        key = new_key("example.com/audit")
        print(key.public)
    """
    private = PrivateKey(_check_name(name), os.urandom(_KEY_BYTES))
    return KeyPair(private.encode(), private.public.encode())


def parse_public_key(text: str) -> PublicKey:
    """InvalidKeyError when the text is no public key."""
    text = text.strip()
    if text.startswith(PRIVATE_START):
        raise InvalidKeyError("this is a private key: keep it to yourself, and give the public one")
    name, key_id, raw = _parse(text, "public key, like NAME+1a2b3c4d+AbC...")
    key = PublicKey(name, raw)
    _check_key_id(key, key_id)
    return key


def parse_private_key(text: str) -> PrivateKey:
    """InvalidKeyError when the text is no private key. The message never holds any of it."""
    text = text.strip()
    what = "private key, as 'eventlog keygen' writes it"
    if not text.startswith(PRIVATE_START):
        raise InvalidKeyError(f"this is no {what}")
    name, key_id, seed = _parse(text.removeprefix(PRIVATE_START), what)
    key = PrivateKey(name, seed)
    _check_key_id(key.public, key_id)
    return key


def _parse(text: str, what: str) -> tuple[str, str, bytes]:
    match = _ENCODED.fullmatch(text)
    content = decode_base64(match[3]) if match else None
    if match is None or content is None:
        raise InvalidKeyError(f"this is no {what}")
    if content[:1] != _ED25519 or len(content) != 1 + _KEY_BYTES:
        raise InvalidKeyError("this is no Ed25519 key, and no other kind can be used here")
    return _check_name(match[1]), match[2], content[1:]


def _check_name(name: str) -> str:
    if not name.isprintable() or not name or {" ", "+"} & set(name) or len(name) > _MAX_NAME:
        raise InvalidKeyError(
            f"the name of a key has 1 to {_MAX_NAME} characters, with no spaces and no plus sign: "
            "choose one like example.com/audit"
        )
    return name


def _check_key_id(key: PublicKey, key_id: str) -> None:
    if key.key_id.hex() != key_id:
        raise InvalidKeyError("the key is damaged: its id does not fit; copy it again")


def _check_installed() -> None:
    try:
        import cryptography  # noqa: F401 - only whether it is there
    except ImportError:
        what = "cryptography, which makes and checks signatures,"
        raise MissingExtraError(what, "sign") from None
