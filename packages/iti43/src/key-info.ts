/** A raw Ed25519 key as `dsig11:DEREncodedKeyValue`. Source: XML Signature 1.1, section 4.5.10; RFC 8410, section 4. */
import { equalBytes } from '@radledger/primitives';

const SPKI_PREFIX = Uint8Array.from([0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00]);

/** Base64 of the SubjectPublicKeyInfo of a 32-byte key. */
export function encodeKeyValue(publicKey: Uint8Array): string {
  return Buffer.concat([SPKI_PREFIX, publicKey]).toString('base64');
}

/** @returns the 32-byte key, or undefined when it is not canonical base64 of an Ed25519 SubjectPublicKeyInfo */
export function decodeKeyValue(base64: string): Uint8Array | undefined {
  const spki = decodeBase64(base64);
  return spki?.length === SPKI_PREFIX.length + 32 && equalBytes(spki.subarray(0, SPKI_PREFIX.length), SPKI_PREFIX)
    ? spki.slice(SPKI_PREFIX.length)
    : undefined;
}

/** Canonical base64 with white space anywhere, as xs:base64Binary and the JDK's line breaks have it. */
export function decodeBase64(base64: string): Uint8Array | undefined {
  const compact = base64.replace(/[ \t\r\n]+/g, '');
  const bytes = Buffer.from(compact, 'base64');
  return bytes.toString('base64') === compact ? new Uint8Array(bytes) : undefined;
}
