"""The vault of a device, helpers' cards, the way to a new phone, consent receipts (docs/spec/wallet-keys.md, sections 9, 11, 12 and 14)."""
import hashlib
import unicodedata

import aes_gcm
import hpke
from canonical import H, decode, encode, hkdf_sha256, hmac_sha256
from wallet_keys import word_indices


def raw(text):
    return bytes.fromhex(text)


def opened(secret, purpose, names, sealed):
    one, iv, ciphertext = decode(raw(sealed))
    assert one == 1 and len(iv) == 12
    return aes_gcm.open_sealed(hkdf_sha256(secret, purpose, 16), iv, encode([purpose, *names]), ciphertext)


def seed_of(kept, by):
    wrap = kept[by]
    if by == "passkey":
        secret = hmac_sha256(raw(wrap["salt"]), raw(wrap["secret"]))
        return opened(secret, "radledger/vault-passkey/1", [raw(wrap["credentialId"])], wrap["sealed"])
    text = unicodedata.normalize("NFKC", wrap["pin"]).encode()
    stretched = hashlib.scrypt(text, salt=raw(wrap["salt"]), n=65536, r=8, p=1, dklen=32, maxmem=2**27)
    return opened(hmac_sha256(raw(wrap["deviceKey"]), stretched), "radledger/vault-pin/1", [], wrap["sealed"])


def cards_of(seed, name_of, sealed):
    made_at_ms, cards = decode(opened(seed, "radledger/vault-cards/1", [name_of], sealed))
    return {"madeAtMs": made_at_ms, "cards": cards}


def profiles(kept, by):
    seed = seed_of(kept, by)
    listed = decode(opened(seed, "radledger/vault-profiles/1", [], kept["profiles"]))
    snapshots, cards = ({one["id"]: one["sealed"] for one in kept[what]} for what in ("snapshots", "cards"))
    return [{
        "id": name_of,
        "name": name,
        "words": word_indices(own),
        "snapshot": opened(own, "radledger/vault-snapshot/1", [name_of], snapshots[name_of]).hex(),
        "helperCards": cards_of(own, name_of, cards[name_of]),
    } for name_of, name, own in [("holder", "", seed)] + [(key.hex(), name, own) for key, name, own in listed]]


def times(a, b):
    product = 0
    while b:
        product ^= a if b & 1 else 0
        a, b = a << 1 ^ (0x11B if a & 0x80 else 0), b >> 1
    return product


def inverse(a):
    return next(b for b in range(1, 256) if times(a, b) == 1)


def read_card(places):
    card = sum(place << 11 * (15 - at) for at, place in enumerate(places)).to_bytes(22, "big")
    assert len(places) == 16 and card[0] == 0x12 and H("radledger/helper-card/1", card[:20])[:2] == card[20:]
    return card[1:3], card[3:19], card[19]


def combined(cards):
    (one_set, one, x), (other_set, other, z) = [read_card(card) for card in cards]
    assert one_set == other_set
    over = inverse(x ^ z)  # the line through both points, at 0: one * z/(x+z) + other * x/(x+z)
    return bytes(times(a, times(z, over)) ^ times(b, times(x, over)) for a, b in zip(one, other))


def matching_words(tag, compared):
    match = int.from_bytes(H(tag, compared)[:8], "big") >> 20
    return [match >> 11 * place & 2047 for place in reversed(range(4))]


def phone(given):
    public = raw(given["publicKey"])
    sealed = decode(raw(given["answer"]))
    info, aad = b"radledger/phone-transfer/1", encode([public])
    answer = decode(hpke.open_sealed(raw(given["privateKey"]), sealed[4], info, aad, sealed[5]))
    return {
        "offer": encode([1, public]).hex().upper(),
        "matchingWords": matching_words("radledger/phone-transfer-match/1", public),
        "profiles": [{"name": name, "words": word_indices(seed)} for name, seed in answer],
    }


def consent(shown):
    receipt = encode([1, raw(shown["salt"]), shown["shownAtMs"], shown["language"], shown["text"]])
    return {"receipt": receipt.hex(), "hash": H("radledger/consent-receipt/1", receipt).hex()}


def from_copy(given):
    one, salt, sealed = decode(raw(given["bytes"]))
    assert one == 1 and len(salt) == 16
    secret = hmac_sha256(salt, raw(given["secret"]))
    seed = opened(secret, "radledger/vault-passkey/1", [raw(given["credentialId"])], sealed.hex())
    return {"words": word_indices(seed)}


def vault(case):
    given = case["input"]
    if "copy" in given:
        return from_copy(given["copy"])
    if "receipt" in given:
        return consent(given["receipt"])
    if "roleAnswer" in given:
        return {"matchingWords": matching_words("radledger/role-answer-match/1", raw(given["roleAnswer"]))}
    if "cards" in given:
        return {"words": word_indices(combined(given["cards"]))}
    return phone(given["phone"]) if "phone" in given else {"profiles": profiles(given["vault"], given["by"])}
