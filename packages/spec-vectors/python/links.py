"""What source, patient and recipient hand to one another (docs/spec/links.md)."""
import base64
import unicodedata

import ed25519
import hpke
from canonical import H, encode, hkdf_sha256, hmac_sha256, sha256
from shapes import BYTES, FLAG, ID, KEY, SIGNATURE, TEXT, UINT, Shape, list_of, literal, optional, struct, tuple_of
from transactions import study_id

raw = bytes.fromhex
FORMAT = literal(1)
# An X25519 key, with its number in the IANA registry of HPKE.
SEALING_KEY = Shape(lambda key: [hpke.KEM, raw(key)], lambda value: tuple_of(literal(hpke.KEM), ID).read(value)[1])
_ACCEPTED = struct(ownerKey=KEY, acceptance=SIGNATURE)

INVITATION = struct(format=FORMAT, chainId=ID, gatewayApi=TEXT, invitationId=ID, secret=ID, source=ID, expiresAtMs=UINT)
CLAIM = struct(format=FORMAT, chainId=ID, invitationId=ID, source=ID, gatewayApi=TEXT, code=TEXT, ownerKey=KEY,
               acceptance=SIGNATURE, prekeys=list_of(_ACCEPTED), sealingKey=SEALING_KEY)
IMAGE_REQUEST = struct(format=literal(2), chainId=ID, recipientKey=KEY, sealingKey=SEALING_KEY, gatewayApi=TEXT, boxId=ID,
                       displayName=TEXT, reason=TEXT, wantedUntilMs=UINT, expiresAtMs=UINT)
GRANT_NOTICE = struct(format=FORMAT, chainId=ID, boxId=optional(ID), recipientKey=KEY, source=ID, studyId=ID,
                      studySalt=ID, contentSalt=ID, studyInstanceUid=TEXT, opening=ID, notAfterMs=UINT, label=TEXT)
SECRET_REQUEST = struct(format=FORMAT, chainId=ID, source=ID, studyId=ID, ownerKey=KEY, sealingKey=SEALING_KEY,
                        timeMs=UINT, nonce=ID, note=optional(BYTES))
_DISCLOSED = dict(requestHash=ID, source=ID, studyId=ID, ownerKey=KEY, era=UINT, studySalt=ID,
                  contentSalt=ID, grantSalt=ID, studyInstanceUid=TEXT, label=TEXT, issuedAtMs=UINT,
                  note=optional(struct(writtenAtMs=UINT, sealed=BYTES)))
_PARTS, _BASES = ["file-set", "manifest", "instances", "metadata"], ["grant", "owner", "delegate", "emergency"]
_OUTCOMES = ["begun", "success", "failure"]


def _named(names):
    return Shape(names.index, names.__getitem__)


# Format 2 says besides how the source knew who she is.
DISCLOSURE = struct(format=FORMAT, **_DISCLOSED)
_CHECKS = ["photo-id", "known", "portal", "mailed-code"]
DISCLOSURE_2 = struct(format=literal(2), **_DISCLOSED,
                      identity=struct(checkedBy=_named(_CHECKS), checkedAtMs=UINT))
ACCESS_REQUEST = struct(format=FORMAT, chainId=ID, source=ID, studyId=ID, key=KEY, sealingKey=SEALING_KEY, timeMs=UINT,
                        nonce=ID, before=optional(BYTES))
ACCESS_LOG = struct(format=FORMAT, requestHash=ID, source=ID, studyId=ID,
                    entries=list_of(struct(position=BYTES, atMs=UINT, reader=KEY, part=_named(_PARTS),
                                           basis=_named(_BASES), outcome=_named(_OUTCOMES), bytes=UINT,
                                           readings=UINT)),
                    isOlderLeft=FLAG, issuedAtMs=UINT)
KEY_WITHDRAWAL = struct(format=FORMAT, chainId=ID, key=KEY)
TRANSFER_RECEIPT = struct(format=FORMAT, chainId=ID, side=_named(["source", "recipient"]), source=ID, recipientKey=KEY,
                          studyId=ID, content=ID, requestDigest=ID, bytes=UINT, atMs=UINT)
MAILBOX = struct(format=FORMAT, chainId=ID, gatewayApi=TEXT, source=ID, mailboxId=ID, sealingKey=SEALING_KEY,
                 expiresAtMs=UINT)
_ORDERS = ["look", "leave-keys", "pause-link", "resume-link", "end-link", "wrong-patient", "stop-replacement",
           "confirm-replacement", "tell-privacy-office", "open-mailbox", "name-reader"]
OWNER_REQUEST = struct(format=FORMAT, chainId=ID, source=ID, studyId=ID, key=KEY, sealingKey=SEALING_KEY, timeMs=UINT,
                       nonce=ID, order=struct(kind=_named(_ORDERS), prekeys=list_of(_ACCEPTED), text=TEXT,
                                              mailboxId=optional(ID),
                                              reader=optional(struct(key=KEY, origin=UINT, displayName=TEXT))))
OWNER_REPLY = struct(format=FORMAT, requestHash=ID, source=ID, studyId=ID,
                     link=_named(["none", "active", "paused", "ended"]), keysLeft=UINT,
                     replacement=optional(struct(requestedAtMs=UINT, dueAtMs=UINT)),
                     published=list_of(struct(studyId=ID, key=KEY)), issuedAtMs=UINT)
_ERASED = ["study", "claim", "readings", "messages", "standing-link"]
_STAYING = ["ledger", "audit-trail", "disclosures", "archive", "recipients"]
ERASURE_NOTE = struct(format=FORMAT, chainId=ID, source=ID, studyId=ID, erasedAtMs=UINT, erased=list_of(_named(_ERASED)),
                      stays=list_of(struct(what=_named(_STAYING), untilMs=optional(UINT))))
ROLE_ACCEPTANCE = struct(format=FORMAT, chainId=ID, source=ID, studyId=ID, role=TEXT, key=KEY, acceptance=SIGNATURE,
                         sealingKey=SEALING_KEY)
ROLE_OFFER = struct(format=FORMAT, chainId=ID, role=TEXT, displayName=TEXT, expiresAtMs=UINT,
                    studies=list_of(struct(source=ID, studyId=ID, gatewayApi=optional(TEXT))))
ROLE_ANSWER = struct(format=FORMAT, chainId=ID, role=TEXT, displayName=TEXT, expiresAtMs=UINT,
                     studies=list_of(struct(source=ID, studyId=ID, key=KEY, acceptance=SIGNATURE)))
DELEGATION = struct(format=FORMAT, chainId=ID, source=ID, studyId=ID, era=UINT, studySalt=ID, contentSalt=ID,
                    grantSalt=ID, studyInstanceUid=TEXT, label=TEXT)
SEALED = struct(format=FORMAT, kem=literal(hpke.KEM), kdf=literal(hpke.KDF), aead=literal(hpke.AEAD),
                encapsulatedKey=BYTES, ciphertext=BYTES)


def key_of(seed):
    return ed25519.public_key(raw(seed)).hex()


def _base64url(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _signed(seed, tag, chain_id, body):
    """[body, signature over [tag, chain id, body]]."""
    signature = ed25519.sign(raw(seed), encode([tag, raw(chain_id), body]))
    return encode([body, [1, signature]])


# Section 3: sealing.


def seal(public, info, aad, plaintext, ephemeral_material):
    encapsulated, ciphertext = hpke.seal(raw(public), info.encode(), aad, plaintext, raw(ephemeral_material))
    return SEALED.encode({"encapsulatedKey": encapsulated.hex(), "ciphertext": ciphertext.hex()})


def open_sealed(private, info, aad, sealed):
    read = SEALED.decode(sealed)
    return hpke.open_sealed(private, raw(read["encapsulatedKey"]), info.encode(), aad, raw(read["ciphertext"]))


def _seal_and_open(given, info, aad, plaintext):
    private, public = hpke.derive_key_pair(raw(given["recipientKeyMaterial"]))
    sealed = seal(public.hex(), info, aad, plaintext, given["ephemeralKeyMaterial"])
    assert open_sealed(private, info, aad, sealed) == plaintext
    return {"sealingKey": public.hex(), "sealed": sealed.hex()}


def sealing(case):
    given = case["input"]
    return _seal_and_open(given, given["info"], raw(given["aad"]), raw(given["plaintext"]))


# Sections 4 to 13.


def invitation(given):
    made = INVITATION.encode(given["invitation"])
    return {"bytes": made.hex(), "link": f"{given['pageUrl']}#i={_base64url(made)}"}


def claim(given):
    offered = given["invitation"]
    chain_id, source = raw(offered["chainId"]), raw(offered["source"])

    def accepted(seed):
        message = encode(["radledger/accept/1", chain_id, source, KEY.write(key_of(seed))])
        return {"ownerKey": key_of(seed), "acceptance": ed25519.sign(raw(seed), message).hex()}

    body = CLAIM.write({
        **{name: offered[name] for name in ("chainId", "invitationId", "source", "gatewayApi")},
        "code": given["code"], **accepted(given["ownerSeed"]),
        "prekeys": [accepted(seed) for seed in given["prekeySeeds"]], "sealingKey": given["sealingKey"]})
    signature = [1, ed25519.sign(raw(given["ownerSeed"]), encode(["radledger/claim/1", chain_id, body]))]
    label = "radledger/claim-mac/1"
    mac = hmac_sha256(hkdf_sha256(raw(offered["secret"]), label), encode([label, chain_id, body, signature]))
    made = encode([body, signature, mac])
    return {"bytes": made.hex(), "claimHash": sha256(made).hex()}


def image_request(given):
    request = given["request"]
    made = _signed(given["seed"], "radledger/image-request/1", request["chainId"], IMAGE_REQUEST.write(request))
    return {"bytes": made.hex(), "link": f"{given['pageUrl']}#r={_base64url(made)}"}


def _check_study_id(fields):
    assert study_id(fields["source"], fields["studySalt"], fields["studyInstanceUid"]).hex() == fields["studyId"]
    assert unicodedata.is_normalized("NFC", fields["label"])


def grant_notice(given):
    notice = given["notice"]
    _check_study_id(notice)
    recipient, plaintext = KEY.write(notice["recipientKey"]), GRANT_NOTICE.encode(notice)
    tag = H("radledger/recipient/1", raw(notice["opening"]), recipient)
    aad = encode([raw(notice["chainId"]), recipient])
    return {"plaintext": plaintext.hex(), "tag": tag.hex(),
            **_seal_and_open(given, "radledger/grant-notice/1", aad, plaintext)}


def study_secret_request(given):
    body = SECRET_REQUEST.write({**given["request"], "ownerKey": key_of(given["ownerSeed"])})
    made = _signed(given["ownerSeed"], "radledger/study-secret-request/1", given["request"]["chainId"], body)
    return {"bytes": made.hex(), "requestHash": sha256(made).hex()}


def disclosure(given):
    """The source's answer to a claim or to a study secret request, as `purpose` says."""
    told, purpose = given["disclosure"], given["purpose"]
    _check_study_id(told)
    shape = DISCLOSURE_2 if "identity" in told else DISCLOSURE
    body = shape.write({**told, "requestHash": given["requestHash"]})
    plaintext = _signed(given["signingSeed"], purpose, given["chainId"], body)
    aad = encode([raw(given["chainId"]), raw(given["requestHash"]), KEY.write(told["ownerKey"])])
    return {"plaintext": plaintext.hex(), **_seal_and_open(given, purpose, aad, plaintext)}


def access_log_request(given):
    body = ACCESS_REQUEST.write({**given["request"], "key": key_of(given["seed"])})
    return _signed(given["seed"], "radledger/access-log-request/1", given["request"]["chainId"], body).hex()


def access_log(given):
    purpose, named = "radledger/access-log-reply/1", {name: given[name] for name in ("requestHash", "source", "studyId")}
    body = ACCESS_LOG.write({**given["log"], **named})
    plaintext = _signed(given["signingSeed"], purpose, given["chainId"], body)
    aad = encode([raw(given["chainId"]), raw(given["requestHash"]), KEY.write(given["ownerKey"])])
    return {"plaintext": plaintext.hex(), **_seal_and_open(given, purpose, aad, plaintext)}


def key_withdrawal(given):
    body = KEY_WITHDRAWAL.write({"chainId": given["chainId"], "key": key_of(given["seed"])})
    return _signed(given["seed"], "radledger/withdraw-key/1", given["chainId"], body).hex()


def mailbox(given):
    box = given["mailbox"]
    aad = encode([raw(box["chainId"]), raw(box["mailboxId"])])
    made = _seal_and_open(given, "radledger/mailbox/1", aad, raw(given["request"]))
    return {"link": f"{given['pageUrl']}#m={_base64url(MAILBOX.encode(box))}", **made}


def owner_request(given):
    body = OWNER_REQUEST.write({**given["request"], "key": key_of(given["seed"]), "order": given["order"]})
    return _signed(given["seed"], "radledger/owner-request/1", given["request"]["chainId"], body).hex()


def owner_reply(given):
    purpose, named = "radledger/owner-reply/1", {name: given[name] for name in ("requestHash", "source", "studyId")}
    body = OWNER_REPLY.write({**given["reply"], **named})
    plaintext = _signed(given["signingSeed"], purpose, given["chainId"], body)
    aad = encode([raw(given["chainId"]), raw(given["requestHash"]), KEY.write(given["ownerKey"])])
    return {"plaintext": plaintext.hex(), **_seal_and_open(given, purpose, aad, plaintext)}


def transfer_receipt(given):
    receipt = given["receipt"]
    body = TRANSFER_RECEIPT.write(receipt)
    return _signed(given["seed"], "radledger/transfer-receipt/1", receipt["chainId"], body).hex()


def erasure_note(given):
    note = given["note"]
    for words, parts in ((_ERASED, note["erased"]), (_STAYING, [part["what"] for part in note["stays"]])):
        assert parts == sorted(set(parts), key=words.index)
    return _signed(given["seed"], "radledger/erasure-note/1", note["chainId"], ERASURE_NOTE.write(note)).hex()


def erasure_answer(given):
    aad = encode([raw(given["chainId"]), raw(given["requestHash"]), KEY.write(given["ownerKey"])])
    return _seal_and_open(given, "radledger/erasure-answer/1", aad, raw(given["note"]))


def _accepted(seed, role, *ids):
    tag = "radledger/accept-delegate/1" if role == "delegate" else "radledger/accept-move/1"
    key = key_of(seed)
    message = encode([tag, *map(raw, ids), KEY.write(key)])
    return {"key": key, "acceptance": ed25519.sign(raw(seed), message).hex()}


def role_acceptance(given):
    study = given["study"]
    accepted = _accepted(given["seed"], study["role"], *(study[name] for name in ("chainId", "source", "studyId")))
    return _base64url(ROLE_ACCEPTANCE.encode({**study, **accepted, "sealingKey": given["sealingKey"]}))


def role_offer(given):
    made = ROLE_OFFER.encode(given["offer"])
    return f"{given['pageUrl']}#o={_base64url(made)}"


def role_answer(given):
    told = given["answer"]
    studies = [
        {**named, **_accepted(seed, told["role"], told["chainId"], named["source"], named["studyId"])}
        for named, seed in zip(told["studies"], given["seeds"], strict=True)]
    body = ROLE_ANSWER.write({**told, "studies": studies})
    made = _signed(given["seeds"][0], "radledger/role-answer/1", told["chainId"], body)
    return {"bytes": made.hex(), "link": f"{given['pageUrl']}#a={_base64url(made)}"}


def delegation(given):
    told = given["delegation"]
    _check_study_id(told)
    plaintext = DELEGATION.encode(told)
    ids = [raw(told[name]) for name in ("chainId", "source", "studyId")]
    made = _seal_and_open(given, "radledger/delegation/1", encode([*ids, KEY.write(given["delegateKey"])]), plaintext)
    return {"plaintext": plaintext.hex(), "sealingKey": made["sealingKey"], "text": _base64url(raw(made["sealed"]))}


def well_known(given):
    d = given["document"]
    message = encode([
        "radledger/well-known/1", raw(d["chainId"]), optional(ID).write(d.get("source")),
        optional(KEY).write(d.get("recipient")), d["api"], optional(TEXT).write(d.get("iti43")),
        optional(TEXT).write(d.get("privacyContact")), d["issuedAtMs"]])
    named = {name: d.get(name) for name in ("chainId", "source", "recipient", "api", "iti43", "privacyContact")}
    return {"format": 1, **named, "issuedAtMs": d["issuedAtMs"], "signer": key_of(given["seed"]),
            "signature": ed25519.sign(raw(given["seed"]), message).hex()}


MAKERS = {
    "invitation": invitation, "claim": claim, "image request": image_request, "grant notice": grant_notice,
    "study secret request": study_secret_request, "claim reply": disclosure, "study secret reply": disclosure,
    "access log request": access_log_request, "access log": access_log, "key withdrawal": key_withdrawal,
    "erasure note": erasure_note, "erasure answer": erasure_answer,
    "transfer receipt": transfer_receipt, "mailbox": mailbox, "owner request": owner_request, "owner reply": owner_reply,
    "role acceptance": role_acceptance, "role offer": role_offer, "role answer": role_answer,
    "delegation": delegation, "well-known document": well_known,
}


def link(case):
    """Cases are named after what they hold, and perhaps a comma and what is special."""
    return MAKERS[case["name"].split(",")[0]](case["input"])
