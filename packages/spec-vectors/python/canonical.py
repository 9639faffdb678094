"""Canonical bytes (docs/spec/canonical-encoding.md) and the hash over them, from the specification alone."""
import hashlib
import hmac


def encode(value):
    """int, str, bytes and lists of these -> canonical bytes."""
    if isinstance(value, bool):
        raise TypeError("a flag is written as 0 or 1")
    if isinstance(value, int):
        return _integer(value)
    if isinstance(value, str):
        raw = value.encode("utf-8")
        return _head(len(raw), 0xA0, 31, 0xD9, 0xDA, 0xDB) + raw
    if isinstance(value, bytes):
        return _head(len(value), None, -1, 0xC4, 0xC5, 0xC6) + value
    if isinstance(value, (list, tuple)):
        return _head(len(value), 0x90, 15, None, 0xDC, 0xDD) + b"".join(encode(item) for item in value)
    raise TypeError(f"no canonical bytes for {type(value)}")


def _integer(value):
    if value < 0 or value >= 2**53:
        raise ValueError("integers are 0 to 2^53 - 1")
    if value < 0x80:
        return bytes([value])
    for marker, width in ((0xCC, 1), (0xCD, 2), (0xCE, 4), (0xCF, 8)):
        if value < 256**width:
            return bytes([marker]) + value.to_bytes(width, "big")
    raise AssertionError


def _head(length, fix, fix_max, one, two, four):
    if fix is not None and length <= fix_max:
        return bytes([fix | length])
    if one is not None and length < 2**8:
        return bytes([one, length])
    if length < 2**16:
        return bytes([two]) + length.to_bytes(2, "big")
    return bytes([four]) + length.to_bytes(4, "big")


def sha256(data):
    return hashlib.sha256(data).digest()


def H(tag, *parts):
    """H(tag, parts...) of docs/spec/signatures.md."""
    return sha256(encode([tag, *parts]))


def hmac_sha256(key, message):
    return hmac.new(key, message, hashlib.sha256).digest()


def hkdf_sha256(secret, label, length=32):
    """RFC 5869 with an empty salt."""
    prk = hmac_sha256(b"\0" * 32, secret)
    out, block, counter = b"", b"", 1
    while len(out) < length:
        block = hmac_sha256(prk, block + label.encode() + bytes([counter]))
        out, counter = out + block, counter + 1
    return out[:length]
