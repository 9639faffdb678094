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


class Refused(ValueError):
    """Bytes that are not the one form of any value."""


def decode(data, depth_max=16):
    """Canonical bytes -> value; refuses whatever `encode` would not have written, and more than `depth_max` levels."""
    value, end = _read(data, 0, depth_max)
    if end != len(data):
        raise Refused("bytes after the value")
    return value


def _read(data, at, depth):
    (first,), at = _take(data, at, 1)
    if first < 0x80:
        return first, at
    if 0x90 <= first < 0xA0:
        return _read_array(data, at, first & 15, depth)
    if 0xA0 <= first < 0xC0:
        return _read_text(data, at, first & 31)
    if first not in FORMS:
        raise Refused("neither integer, text, bytes nor array")
    kind, width, least = FORMS[first]
    raw, at = _take(data, at, width)
    number = int.from_bytes(raw, "big")
    if number < least or (kind == "integer" and number >= 2**53):
        raise Refused("not the shortest form, or 2^53 and above")
    if kind == "integer":
        return number, at
    if kind == "bytes":
        return _take(data, at, number)
    return _read_text(data, at, number) if kind == "text" else _read_array(data, at, number, depth)


# first byte: kind, width of the number after it, smallest number that needs this form
FORMS = {
    0xCC: ("integer", 1, 0x80), 0xCD: ("integer", 2, 2**8), 0xCE: ("integer", 4, 2**16), 0xCF: ("integer", 8, 2**32),
    0xC4: ("bytes", 1, 0), 0xC5: ("bytes", 2, 2**8), 0xC6: ("bytes", 4, 2**16),
    0xD9: ("text", 1, 32), 0xDA: ("text", 2, 2**8), 0xDB: ("text", 4, 2**16),
    0xDC: ("array", 2, 16), 0xDD: ("array", 4, 2**16),
}


def _take(data, at, length):
    if at + length > len(data):
        raise Refused("ends too early")
    return data[at:at + length], at + length


def _read_text(data, at, length):
    raw, at = _take(data, at, length)
    try:
        return raw.decode("utf-8"), at
    except UnicodeDecodeError as cause:
        raise Refused("not UTF-8") from cause


def _read_array(data, at, length, depth):
    if depth == 0:
        raise Refused("too many levels")
    items = []
    for _ in range(length):
        item, at = _read(data, at, depth - 1)
        items.append(item)
    return items, at


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
