/** An unrelated XML engine (libxml2): schema oracle, and a signer for messages that our own writer never makes. */
import { pathToFileURL } from 'node:url';
import { sha256, type Signer, utf8 } from '@radledger/primitives';
import { type XmlElement, XmlDocument, xmlRegisterInputProvider, XsdValidator } from 'libxml2-wasm';
import { fsInputProviders } from 'libxml2-wasm/lib/nodejs.mjs';
import { testData, testDataPath } from './test-data.js';

xmlRegisterInputProvider(fsInputProviders);

const schemaFile = 'nist-toolkit/schema-v3/XDS.b_DocumentRepository.xsd';
const schema = XsdValidator.fromDoc(
  XmlDocument.fromBuffer(testData(schemaFile), { url: pathToFileURL(testDataPath(schemaFile)).href }),
);

/** Throws unless the Body's child, with its parts put back as base64, is valid against the NIST toolkit's schema. */
export function validateBody(envelope: string, parts: ReadonlyMap<string | undefined, Uint8Array> = new Map()): void {
  const inlined = envelope.replace(
    /<xop:Include [^>]*href="cid:([^"]+)"[^>]*>(?:<\/xop:Include>)?/g,
    (_, id: string) => {
      const bytes = parts.get(decodeURIComponent(id));
      if (bytes === undefined) throw new Error(`no part ${id}`);
      return Buffer.from(bytes).toString('base64');
    },
  );
  const document = XmlDocument.fromString(inlined);
  try {
    const payload = document.get("/*/*[local-name()='Body']/*");
    if (payload === null) throw new Error('no payload');
    const alone = XmlDocument.fromString((payload as XmlElement).canonicalizeToString({ mode: 1 }));
    try {
      schema.validate(alone);
    } finally {
      alone.dispose();
    }
  } finally {
    document.dispose();
  }
}

function canonical(document: XmlDocument, xpath: string): string {
  const node = document.get(xpath);
  if (node === null) throw new Error(`nothing at ${xpath}`);
  const prefixes = node
    .find("ancestor-or-self::*[local-name()='SignedInfo']/*[local-name()='CanonicalizationMethod']/*/@PrefixList")
    .flatMap((attribute) => attribute.content.split(' '));
  return node.canonicalizeToString({
    mode: 1,
    ...(prefixes.length === 0 ? {} : { inclusiveNamespacePrefixes: prefixes }),
  });
}

/**
 * Recomputes every digest whose target exists and signs anew: an attacker's own key, or a signer with odd habits.
 * @param signedInfoPath - which SignedInfo is canonicalized and signed
 */
export async function resign(
  xml: string,
  signer: Signer,
  signedInfoPath = "//*[local-name()='SignedInfo']",
): Promise<string> {
  const before = XmlDocument.fromString(xml);
  const digested = xml.replace(
    /(URI="#([^"]*)"[^>]*>(?:(?!<\/ds:Reference>).)*?<ds:DigestValue>)[^<]*(<)/gs,
    (whole, head: string, id: string, tail: string) => {
      const target = before.get(`//*[@*[local-name()='Id' or local-name()='ID' or local-name()='id']='${id}']`);
      if (target === null) return whole;
      const prefixes = (/PrefixList="([^"]*)"/.exec(head)?.[1] ?? '').split(' ').filter((prefix) => prefix !== '');
      const text = target.canonicalizeToString({
        mode: 1,
        ...(prefixes.length === 0 ? {} : { inclusiveNamespacePrefixes: prefixes }),
      });
      return `${head}${Buffer.from(sha256(utf8(text))).toString('base64')}${tail}`;
    },
  );
  before.dispose();
  const after = XmlDocument.fromString(digested);
  const signature = Buffer.from(await signer.sign(utf8(canonical(after, signedInfoPath)))).toString('base64');
  after.dispose();
  return digested.replace(/<ds:SignatureValue>[^<]*</, `<ds:SignatureValue>${signature}<`);
}

/** Exclusive C14N of the first node that an XPath selects, by libxml2. */
export function exclusiveC14n(xml: string, xpath: string): string {
  const document = XmlDocument.fromString(xml);
  try {
    return canonical(document, xpath);
  } finally {
    document.dispose();
  }
}
