"""HPKE (RFC 9180), base mode: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-128-GCM."""
import aes_gcm
from canonical import hmac_sha256
from x25519 import BASE, x25519

KEM, KDF, AEAD = 0x0020, 0x0001, 0x0001
_KEM_SUITE = b"KEM" + KEM.to_bytes(2, "big")
_SUITE = b"HPKE" + b"".join(number.to_bytes(2, "big") for number in (KEM, KDF, AEAD))


def _extract(suite, salt, label, ikm):
    """LabeledExtract of section 4."""
    return hmac_sha256(salt or bytes(32), b"HPKE-v1" + suite + label + ikm)


def _expand(suite, prk, label, info, length):
    """LabeledExpand of section 4, for at most 32 bytes."""
    labeled = length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info
    return hmac_sha256(prk, labeled + b"\x01")[:length]


def derive_key_pair(material):
    """DeriveKeyPair of section 7.1.3: private and public key."""
    private = _expand(_KEM_SUITE, _extract(_KEM_SUITE, b"", b"dkp_prk", material), b"sk", b"", 32)
    return private, x25519(private, BASE)


def _shared_secret(dh, encapsulated, public):
    prk = _extract(_KEM_SUITE, b"", b"eae_prk", dh)
    return _expand(_KEM_SUITE, prk, b"shared_secret", encapsulated + public, 32)


def _key_schedule(shared_secret, info):
    context = b"\0" + _extract(_SUITE, b"", b"psk_id_hash", b"") + _extract(_SUITE, b"", b"info_hash", info)
    secret = _extract(_SUITE, shared_secret, b"secret", b"")
    return _expand(_SUITE, secret, b"key", context, 16), _expand(_SUITE, secret, b"base_nonce", context, 12)


def seal(public, info, aad, plaintext, ephemeral_material):
    """Encapsulated key and ciphertext. The ephemeral key is fixed only in vectors."""
    private, encapsulated = derive_key_pair(ephemeral_material)
    key, nonce = _key_schedule(_shared_secret(x25519(private, public), encapsulated, public), info)
    return encapsulated, aes_gcm.seal(key, nonce, aad, plaintext)


def open_sealed(private, encapsulated, info, aad, ciphertext):
    shared_secret = _shared_secret(x25519(private, encapsulated), encapsulated, x25519(private, BASE))
    key, nonce = _key_schedule(shared_secret, info)
    return aes_gcm.open_sealed(key, nonce, aad, ciphertext)
