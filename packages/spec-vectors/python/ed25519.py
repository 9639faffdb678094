"""Ed25519 (RFC 8032), ZIP-215 verification and ECVRF-EDWARDS25519-SHA512-TAI (RFC 9381), from the RFCs alone.

Slow and not constant-time: for checking vectors, never for keys that matter.
"""
import hashlib

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
SQRT_M1 = pow(2, (P - 1) // 4, P)
IDENTITY = (0, 1, 1, 0)


def _recover_x(y, sign):
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P:
        x = x * SQRT_M1 % P
    if (x * x - x2) % P:
        return None
    if x & 1 != sign:
        x = P - x if x else 0  # ZIP-215 accepts "negative zero"
    return x


def add(a, b):
    x1, y1, z1, t1 = a
    x2, y2, z2, t2 = b
    A, B = (y1 - x1) * (y2 - x2) % P, (y1 + x1) * (y2 + x2) % P
    C, E = 2 * t1 * t2 * D % P, 2 * z1 * z2 % P
    e, f, g, h = B - A, E - C, E + C, B + A
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def mul(k, point):
    result = IDENTITY
    while k:
        if k & 1:
            result = add(result, point)
        point = add(point, point)
        k >>= 1
    return result


def negate(point):
    x, y, z, t = point
    return (P - x if x else 0, y, z, P - t if t else 0)


def equal(a, b):
    return (a[0] * b[2] - b[0] * a[2]) % P == 0 and (a[1] * b[2] - b[1] * a[2]) % P == 0


def compress(point):
    x, y, z, _ = point
    inverse = pow(z, P - 2, P)
    x, y = x * inverse % P, y * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def decompress(raw, canonical=False):
    """None when the bytes are no point; with canonical=True also when they are not the shortest form (RFC 8032)."""
    number = int.from_bytes(raw, "little")
    sign, y = number >> 255, number & (2**255 - 1)
    if canonical and y >= P:
        return None
    y %= P
    x = _recover_x(y, sign)
    if x is None or (canonical and x == 0 and sign):
        return None
    return (x, y, 1, x * y % P)


BASE = decompress((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def _sha512(data):
    return hashlib.sha512(data).digest()


def expand(seed):
    digest = _sha512(seed)
    scalar = int.from_bytes(digest[:32], "little") & (2**254 - 8) | 2**254
    return scalar, digest[32:]


def public_key(seed):
    return compress(mul(expand(seed)[0], BASE))


def sign(seed, message):
    scalar, prefix = expand(seed)
    key = compress(mul(scalar, BASE))
    r = int.from_bytes(_sha512(prefix + message), "little") % L
    R = compress(mul(r, BASE))
    k = int.from_bytes(_sha512(R + key + message), "little") % L
    return R + ((r + k * scalar) % L).to_bytes(32, "little")


def verify_zip215(key, message, signature):
    if len(key) != 32 or len(signature) != 64:
        return False
    A, R = decompress(key), decompress(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if A is None or R is None or s >= L:
        return False
    k = int.from_bytes(_sha512(signature[:32] + key + message), "little") % L
    difference = add(add(mul(s, BASE), negate(R)), negate(mul(k, A)))
    return equal(mul(8, difference), IDENTITY)


def _encode_to_curve(salt, alpha):
    for counter in range(256):
        point = decompress(_sha512(b"\x03\x01" + salt + alpha + bytes([counter, 0]))[:32], canonical=True)
        if point is not None:
            cleared = mul(8, point)
            if not equal(cleared, IDENTITY):
                return cleared
    raise ValueError("no point found")


def _challenge(*points):
    return int.from_bytes(_sha512(b"\x03\x02" + b"".join(points) + b"\x00")[:16], "little")


def vrf_prove(seed, alpha):
    scalar, prefix = expand(seed)
    key = compress(mul(scalar, BASE))
    h = _encode_to_curve(key, alpha)
    h_bytes = compress(h)
    gamma = compress(mul(scalar, h))
    k = int.from_bytes(_sha512(prefix + h_bytes), "little") % L
    c = _challenge(key, h_bytes, gamma, compress(mul(k, BASE)), compress(mul(k, h)))
    return gamma + c.to_bytes(16, "little") + ((k + c * scalar) % L).to_bytes(32, "little")


def vrf_output(proof):
    gamma = decompress(proof[:32], canonical=True)
    return _sha512(b"\x03\x03" + compress(mul(8, gamma)) + b"\x00")
