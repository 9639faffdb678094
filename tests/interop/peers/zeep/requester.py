"""An ITI-43 Document Consumer of other people's making: zeep for SOAP, lxml for C14N, cryptography for Ed25519. None of Radledger's code.

usage: requester.py WSDL ENDPOINT CERTIFICATE KEY_PEM OUT_FOLDER < request.json
request: {"documents": [[repositoryUniqueId, documentUniqueId], ...], "messageId": optional, "createdAgoSeconds": optional}
prints one line of JSON: {status, errors, documents} or {fault}
"""
import base64
import datetime
import hashlib
import json
import os
import sys
import uuid

import requests
import zeep
from cryptography.hazmat.primitives import serialization
from lxml import etree
from requests.adapters import HTTPAdapter

SOAP = "http://www.w3.org/2003/05/soap-envelope"
WSA = "http://www.w3.org/2005/08/addressing"
WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
DS = "http://www.w3.org/2000/09/xmldsig#"
DSIG11 = "http://www.w3.org/2009/xmldsig11#"
EXC_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
ED25519 = "http://www.w3.org/2021/04/xmldsig-more#eddsa-ed25519"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"


def qualified(namespace, name):
    return "{%s}%s" % (namespace, name)


def canonical(element):
    return etree.tostring(element, method="c14n", exclusive=True, with_comments=False)


def child(parent, namespace, name, text=None, **attributes):
    element = etree.SubElement(parent, qualified(namespace, name), **attributes)
    element.text = text
    return element


class SignedRequest(zeep.Plugin):
    """Adds WS-Addressing and a WS-Security signature by a bare Ed25519 key."""

    def __init__(self, key, message_id, created):
        self.key = key
        self.message_id = message_id
        self.created = created

    def egress(self, envelope, http_headers, operation, binding_options):
        header = envelope.find(qualified(SOAP, "Header"))
        if header is None:
            header = etree.Element(qualified(SOAP, "Header"))
            envelope.insert(0, header)
        for stale in list(header):
            header.remove(stale)
        signed = [
            child(header, WSA, "Action", "urn:ihe:iti:2007:RetrieveDocumentSet", **{qualified(SOAP, "mustUnderstand"): "1"}),
            child(header, WSA, "MessageID", self.message_id),
            child(header, WSA, "To", binding_options["address"]),
        ]
        reply_to = child(header, WSA, "ReplyTo")
        child(reply_to, WSA, "Address", WSA + "/anonymous")
        signed.append(reply_to)
        security = child(header, WSSE, "Security", **{qualified(SOAP, "mustUnderstand"): "1"})
        timestamp = child(security, WSU, "Timestamp")
        child(timestamp, WSU, "Created", self.created.strftime("%Y-%m-%dT%H:%M:%SZ"))
        expires = self.created + datetime.timedelta(seconds=120)
        child(timestamp, WSU, "Expires", expires.strftime("%Y-%m-%dT%H:%M:%SZ"))
        signed += [timestamp, envelope.find(qualified(SOAP, "Body"))]
        for number, element in enumerate(signed):
            element.set(qualified(WSU, "Id"), "part-%d" % number)
        self.sign(security, signed)
        return envelope, http_headers

    def sign(self, security, elements):
        signature = child(security, DS, "Signature")
        info = child(signature, DS, "SignedInfo")
        child(info, DS, "CanonicalizationMethod", Algorithm=EXC_C14N)
        child(info, DS, "SignatureMethod", Algorithm=ED25519)
        for element in elements:
            reference = child(info, DS, "Reference", URI="#" + element.get(qualified(WSU, "Id")))
            child(child(reference, DS, "Transforms"), DS, "Transform", Algorithm=EXC_C14N)
            child(reference, DS, "DigestMethod", Algorithm=SHA256)
            digest = hashlib.sha256(canonical(element)).digest()
            child(reference, DS, "DigestValue", base64.b64encode(digest).decode())
        value = self.key.sign(canonical(info))
        child(signature, DS, "SignatureValue", base64.b64encode(value).decode())
        public = self.key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        child(child(signature, DS, "KeyInfo"), DSIG11, "DEREncodedKeyValue", base64.b64encode(public).decode())


class MtomTransport(zeep.Transport):
    """zeep reads MTOM and cannot send it: this packs what it sends."""

    def post(self, address, message, headers):
        root = b'Content-Type: application/xop+xml; charset=UTF-8; type="application/soap+xml"\r\nContent-Transfer-Encoding: binary\r\nContent-ID: <root@zeep>\r\n\r\n'
        packed = b"--zeep\r\n" + root + message + b"\r\n--zeep--\r\n"
        kind = 'multipart/related; type="application/xop+xml"; start="<root@zeep>"; start-info="application/soap+xml"; boundary=zeep'
        return super().post(address, packed, {**headers, "Content-Type": kind})


class KnownCertificate(HTTPAdapter):
    """Only the certificate on file is believed; between gateways no name is checked, the ledger pins the key."""

    def init_poolmanager(self, *arguments, **options):
        super().init_poolmanager(*arguments, assert_hostname=False, **options)


def main():
    wsdl, endpoint, certificate, key_file, out = sys.argv[1:]
    request = json.load(sys.stdin)
    with open(key_file, "rb") as file:
        key = serialization.load_pem_private_key(file.read(), None)
    created = datetime.datetime.utcnow() - datetime.timedelta(seconds=request.get("createdAgoSeconds", 0))
    session = requests.Session()
    session.verify = certificate
    session.trust_env = False
    session.mount("https://", KnownCertificate())
    client = zeep.Client(
        wsdl,
        transport=MtomTransport(session=session, timeout=60, operation_timeout=60),
        plugins=[SignedRequest(key, request.get("messageId", "urn:uuid:%s" % uuid.uuid4()), created)],
        settings=zeep.Settings(strict=False, xml_huge_tree=True),
    )
    service = client.create_service(next(iter(client.wsdl.bindings)), endpoint)
    service._binding_options["address"] = endpoint
    documents = [
        {"RepositoryUniqueId": repository, "DocumentUniqueId": document} for repository, document in request["documents"]
    ]
    try:
        response = service.DocumentRepository_RetrieveDocumentSet(DocumentRequest=documents)
    except zeep.exceptions.Fault as fault:
        print(json.dumps({"fault": {"code": fault.code, "subcodes": [str(one) for one in fault.subcodes or []]}}))
        return
    registry = response["RegistryResponse"] if "RegistryResponse" in response else response
    errors = registry["RegistryErrorList"]["RegistryError"] if registry["RegistryErrorList"] else []
    received = []
    for number, document in enumerate(response["DocumentResponse"] or []):
        content = document["Document"]
        with open(os.path.join(out, "document-%d" % number), "wb") as file:
            file.write(content)
        received.append(
            {
                "documentUniqueId": document["DocumentUniqueId"],
                "newDocumentUniqueId": document["NewDocumentUniqueId"],
                "mimeType": document["mimeType"],
                "sha256": hashlib.sha256(content).hexdigest(),
                "bytes": len(content),
            }
        )
    print(
        json.dumps(
            {
                "status": registry["status"].rsplit(":", 1)[1],
                "errors": [{"errorCode": one["errorCode"], "location": one["location"]} for one in errors],
                "documents": received,
            }
        )
    )


main()
