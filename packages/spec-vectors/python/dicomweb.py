"""Names in addresses, and requests signed by RFC 9421. docs/spec/dicomweb.md."""
import base64
from urllib.parse import urlsplit

import ed25519
from canonical import H, sha256

DEFAULT_PORTS = {"https": 443, "http": 80}


def _names(given):
    salt = bytes.fromhex(given["studySalt"])
    return {
        "seriesId": H("radledger/series/1", salt, given["seriesInstanceUid"]).hex(),
        "instanceId": H("radledger/instance/1", salt, given["sopInstanceUid"]).hex(),
    }


def _base64(data):
    return base64.b64encode(data).decode()


def _authority(url):
    parts = urlsplit(url)
    if parts.port in (None, DEFAULT_PORTS[parts.scheme]):
        return parts.hostname
    return f"{parts.hostname}:{parts.port}"


def _signed(given):
    seed = bytes.fromhex(given["seed"])
    lines = [("@method", given["method"]), ("@authority", _authority(given["url"])), ("@target-uri", given["url"])]
    headers = {}
    if "body" in given:
        digest = f"sha-256=:{_base64(sha256(bytes.fromhex(given['body'])))}:"
        headers["content-digest"] = digest
        lines.append(("content-digest", digest))
    components = " ".join(f'"{name}"' for name, _ in lines)
    parameters = (
        f"({components});created={given['created']};expires={given['created'] + 120}"
        f";nonce=\"{given['nonce']}\";keyid=\"{ed25519.public_key(seed).hex()}\""
        ';alg="ed25519";tag="radledger/dicomweb/1"'
    )
    base = "\n".join([f'"{name}": {value}' for name, value in lines] + [f'"@signature-params": {parameters}'])
    signature = ed25519.sign(seed, base.encode())
    return {"signature-input": f"radledger={parameters}", "signature": f"radledger=:{_base64(signature)}:", **headers}


def dicomweb(case):
    given = case["input"]
    return _names(given) if "studySalt" in given else _signed(given)
