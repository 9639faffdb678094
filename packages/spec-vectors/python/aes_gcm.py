"""AES-128 (FIPS 197) in Galois/Counter Mode (NIST SP 800-38D) with nonces of 12 bytes. Slow: for vectors only."""


def _times_x(a):
    return a << 1 ^ (0x11B if a & 0x80 else 0)


def _sbox():
    box, p, q = [0] * 256, 1, 1
    while True:  # p runs through all powers of 3, q through their inverses
        p ^= _times_x(p)
        for shift in (1, 2, 4):
            q ^= q << shift & 0xFF
        q ^= 0x09 if q & 0x80 else 0
        rotations = q ^ (q << 1 | q >> 7) ^ (q << 2 | q >> 6) ^ (q << 3 | q >> 5) ^ (q << 4 | q >> 4)
        box[p] = rotations & 0xFF ^ 0x63
        if p == 1:
            break
    box[0] = 0x63
    return box


SBOX = _sbox()


def _round_keys(key):
    words, constant = [list(key[i:i + 4]) for i in range(0, 16, 4)], 1
    while len(words) < 44:
        word = words[-1]
        if len(words) % 4 == 0:
            word = [SBOX[b] for b in word[1:] + word[:1]]
            word[0] ^= constant
            constant = _times_x(constant)
        words.append([a ^ b for a, b in zip(word, words[-4])])
    return [sum(words[i:i + 4], []) for i in range(0, 44, 4)]


def _mix(column):
    whole = column[0] ^ column[1] ^ column[2] ^ column[3]
    return [column[i] ^ whole ^ _times_x(column[i] ^ column[(i + 1) % 4]) for i in range(4)]


def _encrypt(keys, block):
    state = [a ^ b for a, b in zip(block, keys[0])]
    for number in range(1, 11):
        state = [SBOX[state[(i + 4 * (i % 4)) % 16]] for i in range(16)]  # substitute bytes, shift rows
        if number < 10:
            state = sum((_mix(state[i:i + 4]) for i in range(0, 16, 4)), [])
        state = [a ^ b for a, b in zip(state, keys[number])]
    return bytes(state)


def _times(x, y):
    product = 0
    for i in range(127, -1, -1):
        if x >> i & 1:
            product ^= y
        y = y >> 1 ^ (0xE1 << 120 if y & 1 else 0)
    return product


def _ghash(h, aad, ciphertext):
    padded = b"".join(part + bytes(-len(part) % 16) for part in (aad, ciphertext))
    padded += (8 * len(aad)).to_bytes(8, "big") + (8 * len(ciphertext)).to_bytes(8, "big")
    y = 0
    for i in range(0, len(padded), 16):
        y = _times(y ^ int.from_bytes(padded[i:i + 16], "big"), h)
    return y.to_bytes(16, "big")


def _counter_mode(keys, nonce, data):
    out = b""
    for i in range(0, len(data), 16):
        pad = _encrypt(keys, nonce + (2 + i // 16).to_bytes(4, "big"))
        out += bytes(a ^ b for a, b in zip(data[i:i + 16], pad))
    return out


def _tag(keys, nonce, aad, ciphertext):
    h = int.from_bytes(_encrypt(keys, bytes(16)), "big")
    pad = _encrypt(keys, nonce + (1).to_bytes(4, "big"))
    return bytes(a ^ b for a, b in zip(_ghash(h, aad, ciphertext), pad))


def seal(key, nonce, aad, plaintext):
    keys = _round_keys(key)
    ciphertext = _counter_mode(keys, nonce, plaintext)
    return ciphertext + _tag(keys, nonce, aad, ciphertext)


def open_sealed(key, nonce, aad, sealed):
    keys, ciphertext = _round_keys(key), sealed[:-16]
    if _tag(keys, nonce, aad, ciphertext) != sealed[-16:]:
        raise ValueError("a tag that does not hold")
    return _counter_mode(keys, nonce, ciphertext)
