"""From twelve words to every key of a wallet (docs/spec/wallet-keys.md): BIP39, SLIP-0010, branches."""
import hashlib
import hmac

import ed25519
import hpke
from canonical import H

STUDY_OWNER, SEALING, BACKUP = 21043, 21045, 21046


def word_indices(entropy):
    """BIP39: 128 bits and four of their SHA-256, cut into twelve numbers of 11 bits."""
    checksum = hashlib.sha256(entropy).digest()[0] >> 4
    bits = int.from_bytes(entropy, "big") << 4 | checksum
    return [bits >> 11 * place & 2047 for place in reversed(range(12))]


def seed_of(words):
    return hashlib.pbkdf2_hmac("sha512", " ".join(words).encode(), b"mnemonic", 2048)


def _derive(key, data):
    digest = hmac.new(key, data, hashlib.sha512).digest()
    return digest[:32], digest[32:]


def private_key(seed, path):
    """SLIP-0010 for Ed25519: every step is hardened."""
    key, chain_code = _derive(b"ed25519 seed", seed)
    for index in path:
        key, chain_code = _derive(chain_code, b"\0" + key + (2**31 + index).to_bytes(4, "big"))
    return key


def branch_of(source):
    return int.from_bytes(H("radledger/wallet-branch/1", bytes.fromhex(source))[:4], "big") & 0x7FFFFFFF


def wallet(case):
    given = case["input"]
    words, indices = given["words"], word_indices(bytes.fromhex(given["entropy"]))
    assert sorted(words) == [word for _, word in sorted(zip(indices, words))]  # the list is in alphabetical order
    seed, profile, branch = seed_of(words), given["profile"], branch_of(given["source"])

    def key(purpose, index):
        return private_key(seed, [purpose, profile, branch, index])

    return {
        "wordIndices": indices,
        "seed": seed.hex(),
        "branch": branch,
        "ownerKeys": [ed25519.public_key(key(STUDY_OWNER, index)).hex() for index in given["indices"]],
        "sealingKeys": [hpke.derive_key_pair(key(SEALING, index))[1].hex() for index in given["indices"]],
        "noteKey": hpke.derive_key_pair(key(BACKUP, 0))[1].hex(),
    }
