"""Which signatures, keys and random proofs count (docs/spec/signatures.md)."""
import ed25519

raw = bytes.fromhex


def sign(case):
    given = case["input"]
    seed, message = raw(given["seed"]), raw(given["message"])
    signature, key = ed25519.sign(seed, message), ed25519.public_key(seed)
    assert ed25519.verify_zip215(key, message, signature)
    return {"publicKey": key.hex(), "signature": signature.hex()}


def judged(case):
    given = case["input"]
    return ed25519.verify_zip215(raw(given["publicKey"]), raw(given["message"]), raw(given["signature"]))


def strict_key(case):
    """A canonical encoding of a point that is not of small order: eight times it is not the identity."""
    point = ed25519.decompress(raw(case["input"]), canonical=True)
    return point is not None and not ed25519.equal(ed25519.mul(8, point), ed25519.IDENTITY)


def vrf(case):
    given = case["input"]
    proof = ed25519.vrf_prove(raw(given["seed"]), raw(given["alpha"]))
    return {"proof": proof.hex(), "output": ed25519.vrf_output(proof).hex()}
