/**
 * A signed HTTP request of whoever holds a key: RFC 9421 in one profile, so that one request has one meaning.
 * Spec: docs/spec/dicomweb.md, section 2.
 */
import { equalBytes, fromHex, randomBytes, type Signer, sha256, toHex, utf8, verifyFast } from '@radledger/primitives';
import { base64, base64urlnopad } from '@scure/base';
import { HandoverError } from './errors.js';

/** Stands in `tag`: what is signed for this use is signed for no other. */
const PURPOSE = 'radledger/dicomweb/1';
/** Longest time between `created` and `expires`. */
export const HTTP_SIGNATURE_LIFETIME_MS = 120_000;
/** Clocks may differ by this much. */
export const HTTP_SIGNATURE_SKEW_MS = 300_000;
const HEADER_LENGTH_MAX = 2048;

export type SignedMethod = 'GET' | 'POST';

/** The headers that sign a request; a request without a body has no Content-Digest. */
export interface SignatureHeaders {
  readonly 'signature-input': string;
  readonly signature: string;
  readonly 'content-digest'?: string;
}

/** What a signature that holds says. Whether the nonce is new, and what the key may read, is still to be decided. */
export interface HttpRequestSignature {
  /** The one of `urls` that was signed. */
  readonly url: string;
  /** The key that signed, 32 bytes. */
  readonly key: Uint8Array;
  /** 22 to 64 characters, compared as they are. */
  readonly nonce: string;
  /** Unix ms after which no server accepts it; until then the nonce must be remembered. */
  readonly rememberUntilMs: number;
}

/**
 * Signs one request; each call has a nonce of its own, and one signature is good for one request.
 * @param input.url - exactly as it is sent, without a fragment
 */
export async function signHttpRequest(input: {
  readonly method: SignedMethod;
  readonly url: string;
  readonly signer: Signer;
  readonly nowMs: number;
  readonly body?: Uint8Array;
  readonly nonce?: string;
}): Promise<SignatureHeaders> {
  const { method, url, signer, body } = input;
  const created = Math.floor(input.nowMs / 1000);
  const digest = body === undefined ? undefined : contentDigestOf(body);
  const components = `"@method" "@authority" "@target-uri"${digest === undefined ? '' : ' "content-digest"'}`;
  const parameters =
    `(${components});created=${created};expires=${created + HTTP_SIGNATURE_LIFETIME_MS / 1000}` +
    `;nonce="${input.nonce ?? base64urlnopad.encode(randomBytes(16))}";keyid="${toHex(signer.publicKey)}"` +
    `;alg="ed25519";tag="${PURPOSE}"`;
  const base = signatureBase(components.split(' '), { method, url, digest }, parameters);
  return {
    'signature-input': `radledger=${parameters}`,
    signature: `radledger=:${base64.encode(await signer.sign(base))}:`,
    ...(digest === undefined ? {} : { 'content-digest': digest }),
  };
}

/** A request as a server got it. Absent headers are undefined; one that stood twice is joined by commas, and refused. */
export interface ReceivedHttpRequest {
  readonly method: string;
  /** What the request may have been addressed to, letter for letter: one for each base address of the server. */
  readonly urls: readonly string[];
  readonly signatureInput: string | undefined;
  readonly signature: string | undefined;
  readonly contentDigest: string | undefined;
  /** Undefined without a body. */
  readonly body: Uint8Array | undefined;
  readonly nowMs: number;
}

/**
 * Verifies the one signature of a request.
 * @throws {HandoverError} `MALFORMED_MESSAGE` not of this profile | `OUT_OF_RANGE` lifetime | `EXPIRED` also for a time too far ahead |
 *   `SIGNATURE_INVALID`
 */
export async function verifyHttpRequest(request: ReceivedHttpRequest): Promise<HttpRequestSignature> {
  const { label, components, parameters, text } = readInput(request.signatureInput);
  const signature = readSignature(request.signature, label);
  requireComponents(components, request.body !== undefined);
  const { createdMs, expiresMs, nonce, key } = readParameters(parameters);

  if (expiresMs < createdMs || expiresMs - createdMs > HTTP_SIGNATURE_LIFETIME_MS) {
    throw new HandoverError({ code: 'OUT_OF_RANGE', field: 'expires' }, 'a signature lives 120 s at most');
  }
  const { nowMs } = request;
  if (createdMs > nowMs + HTTP_SIGNATURE_SKEW_MS || nowMs >= expiresMs + HTTP_SIGNATURE_SKEW_MS) {
    throw new HandoverError({ code: 'EXPIRED', expiresAtMs: expiresMs }, 'the signature does not hold at this time');
  }
  const digest = requireDigest(request);
  for (const url of request.urls) {
    const base = signatureBase(components, { method: request.method, url, digest }, text);
    if (await verifyFast(key, base, signature)) {
      return { url, key, nonce, rememberUntilMs: expiresMs + HTTP_SIGNATURE_SKEW_MS };
    }
  }
  throw new HandoverError({ code: 'SIGNATURE_INVALID', field: 'signature' }, 'not signed by the key that it names');
}

/** RFC 9530. */
function contentDigestOf(body: Uint8Array): string {
  return `sha-256=:${base64.encode(sha256(body))}:`;
}

/** RFC 9421, section 2.5. The text of the parameters is their own strict serialisation: nothing else is let in. */
function signatureBase(
  components: readonly string[],
  values: { readonly method: string; readonly url: string; readonly digest: string | undefined },
  parameters: string,
): Uint8Array {
  const { method, url, digest } = values;
  const valueOf: Readonly<Record<string, string | undefined>> = {
    '"@method"': method,
    '"@authority"': new URL(url).host,
    '"@target-uri"': url,
    '"content-digest"': digest,
  };
  const lines = components.map((component) => `${component}: ${valueOf[component] ?? ''}`);
  return utf8([...lines, `"@signature-params": ${parameters}`].join('\n'));
}

// RFC 8941, in the strict form of its section 4.1: one space between components, none anywhere else.
const INPUT =
  /^([a-z*][a-z0-9_\-.*]{0,31})=(\(("[a-z@-]+"(?: "[a-z@-]+")*)\)((?:;[a-z]+=(?:\d{1,15}|"[!#-[\]-~]*"))+))$/;
const PARAMETER = /;([a-z]+)=(?:(\d{1,15})|"([!#-[\]-~]*)")/g;

function readInput(header: string | undefined): {
  readonly label: string;
  readonly components: readonly string[];
  readonly parameters: ReadonlyMap<string, string | number>;
  readonly text: string;
} {
  const [, label, text, components, parameters] = matched(INPUT, header, 'one Signature-Input of this profile');
  const values = new Map<string, string | number>();
  for (const [, name = '', number, string = ''] of (parameters ?? '').matchAll(PARAMETER)) {
    if (values.has(name)) throw malformed('each parameter once');
    values.set(name, number === undefined ? string : Number(number));
  }
  return { label: label ?? '', components: (components ?? '').split(' '), parameters: values, text: text ?? '' };
}

function readSignature(header: string | undefined, label: string): Uint8Array {
  const [, name, encoded] = matched(/^([a-z*][a-z0-9_\-.*]{0,31})=:([A-Za-z0-9+/]{86}==):$/, header, 'one Signature');
  if (name !== label) throw malformed('Signature and Signature-Input under one label');
  return decodeBase64(encoded ?? '');
}

function requireComponents(components: readonly string[], hasBody: boolean): void {
  const required = ['"@method"', '"@authority"', '"@target-uri"', ...(hasBody ? ['"content-digest"'] : [])];
  const isComplete = required.every((one) => components.includes(one)) && components.length === required.length;
  if (!isComplete) throw malformed(`the components ${required.join(' ')} and no others`);
}

function readParameters(parameters: ReadonlyMap<string, string | number>) {
  const { created, expires, nonce, keyid, alg = 'ed25519', tag, ...others } = Object.fromEntries(parameters);
  if (typeof created !== 'number' || typeof expires !== 'number') throw malformed('created and expires');
  if (typeof nonce !== 'string' || !/^[A-Za-z0-9+/=_-]{22,64}$/.test(nonce)) throw malformed('a nonce of 128 bits');
  if (typeof keyid !== 'string' || !/^[0-9a-f]{64}$/.test(keyid)) throw malformed('a key of 64 hex digits as keyid');
  if (alg !== 'ed25519' || tag !== PURPOSE || Object.keys(others).length > 0) throw malformed('the algorithm and tag');
  return { createdMs: created * 1000, expiresMs: expires * 1000, nonce, key: fromHex(keyid) };
}

/** The covered Content-Digest, when the body has that digest; undefined without a body. */
function requireDigest({ body, contentDigest }: ReceivedHttpRequest): string | undefined {
  if (body === undefined) return undefined;
  const [text, encoded] = matched(/^sha-256=:([A-Za-z0-9+/]{43}=):$/, contentDigest, 'a SHA-256 Content-Digest');
  if (!equalBytes(decodeBase64(encoded ?? ''), sha256(body))) {
    throw new HandoverError({ code: 'SIGNATURE_INVALID', field: 'content-digest' }, 'the body is another one');
  }
  return text;
}

function matched(pattern: RegExp, header: string | undefined, expected: string): RegExpExecArray {
  const match = header === undefined || header.length > HEADER_LENGTH_MAX ? null : pattern.exec(header);
  if (match === null) throw malformed(expected);
  return match;
}

function decodeBase64(text: string): Uint8Array {
  try {
    return base64.decode(text);
  } catch {
    throw malformed('canonical base64');
  }
}

function malformed(expected: string): HandoverError {
  return new HandoverError(
    { code: 'MALFORMED_MESSAGE', message: 'http signature' },
    `a signed request has ${expected} (docs/spec/dicomweb.md, section 2)`,
  );
}
