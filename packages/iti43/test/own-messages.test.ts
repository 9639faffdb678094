/**
 * What we send, judged by others: the NIST toolkit's schema and its checks (docs/spec/iti-43.md, section 8), and the
 * canonical form of libxml2.
 */
import { sha256, utf8 } from '@radledger/primitives';
import { describe, expect, test } from 'vitest';
import { signRequest } from '../src/client/index.js';
import { parseContentType } from '@radledger/multipart';
import { writeEnvelope } from '../src/envelope.js';
import { encodeFault, faultFor } from '../src/fault.js';
import { readMtom } from '../src/mtom-reader.js';
import { writeMtom } from '../src/mtom-writer.js';
import { action } from '../src/namespaces.js';
import { decodeRetrieveResponse, encodeRetrieveResponse } from '../src/retrieve-response.js';
import { type Answer, readSignedRequest } from '../src/server/index.js';
import { assembleResponse } from '../src/server/answers.js';
import { childElements, parseXml } from '../src/xml-tree.js';
import { responseLimits } from '../src/xml-tokens.js';
import { rfc8032, signer } from './support/keys.js';
import { exclusiveC14n, validateBody } from './support/libxml2.js';
import { bytesOf, inChunks } from './support/test-data.js';

const endpointUrl = 'https://source.example.org/xds/iti43';
const repositoryUniqueId = rfc8032.test3.publicKey;
const now = new Date('2026-01-01T00:00:00Z');
const odd = `<&>"' \t\r\n é€😀`;
const references = [
  { repositoryUniqueId, documentUniqueId: 'aa'.repeat(32), homeCommunityId: 'urn:oid:1.2.3' },
  { repositoryUniqueId, documentUniqueId: odd },
];
const sent: Answer = {
  kind: 'document',
  mimeType: 'application/zip',
  newDocumentUniqueId: 'c0'.repeat(32),
  open: () => inChunks(Buffer.from('zip\r\n'), [2]),
};
const refusedAnswer: Answer = { kind: 'error', errorCode: 'XDSRepositoryBusy', codeContext: odd };

async function request(): Promise<string> {
  const { envelope } = await signRequest({ endpointUrl, documents: references, signer, now });
  return new TextDecoder().decode(envelope);
}

/** A response as it leaves: Content-Type, envelope and parts. */
async function respond(answers: readonly Answer[]) {
  const { documents, parts, errors } = assembleResponse(references, repositoryUniqueId, answers);
  const payload = encodeRetrieveResponse(documents, errors);
  const message = writeMtom(writeEnvelope({ action: action.response, relatesTo: 'urn:uuid:1', payload }), parts);
  const contentType = parseContentType(message.contentType);
  if (contentType === undefined) throw new Error('unreadable Content-Type');
  const wire = await bytesOf(message.chunks());
  const read = await readMtom(inChunks(wire, [100]), contentType, { envelopeBytesMax: 100_000 });
  const contents = new Map<string | undefined, Buffer>();
  for await (const part of read.parts) contents.set(part.contentId, await bytesOf(part.body));
  return { contentType, wire: wire.toString('latin1'), envelope: new TextDecoder().decode(read.envelope), contents };
}

const responses: [string, Answer[]][] = [
  ['Success', [sent, sent]],
  ['PartialSuccess', [sent, refusedAnswer]],
  ['Failure', [refusedAnswer, refusedAnswer]],
];

describe('every Body is valid against the schema', () => {
  test('the oracle refuses what is wrong', () => {
    const wrap = (body: string) => `<e:Envelope xmlns:e="urn:e"><e:Body>${body}</e:Body></e:Envelope>`;
    expect(() => validateBody(wrap('<RetrieveDocumentSetRequest xmlns="urn:ihe:iti:xds-b:2007"/>'))).toThrow();
    expect(() => validateBody(wrap('<x/>'))).toThrow();
  });

  test('request', async () => {
    validateBody(await request());
  });

  test.each(responses)('response: %s', async (status, answers) => {
    const { envelope, contents } = await respond(answers);
    validateBody(envelope, contents);
    expect(envelope).toMatch(new RegExp(`status="urn:[^"]*:ResponseStatusType:${status}"`));
  });
});

test('a response with markup in its ids and texts reads back as it was meant', async () => {
  const { envelope } = await respond([refusedAnswer, sent]);
  const [, body] = childElements(parseXml(utf8(envelope), responseLimits).root);
  const payload = body === undefined ? undefined : childElements(body)[0];
  if (payload === undefined) throw new Error('no payload');
  expect(decodeRetrieveResponse(payload)).toMatchObject({
    status: 'PartialSuccess',
    errors: [{ errorCode: 'XDSRepositoryBusy', codeContext: odd, severity: 'Error', location: 'aa'.repeat(32) }],
    documents: [{ repositoryUniqueId, documentUniqueId: odd, mimeType: 'application/zip' }],
  });
});

describe('the signed request', () => {
  test('each signed part is its own exclusive canonical form, and its digest is right', async () => {
    const xml = await request();
    const ids = Array.from(xml.matchAll(/URI="#([^"]+)"/g), ([, id]) => id ?? '');
    expect(ids).toEqual(['action', 'message-id', 'reply-to', 'to', 'timestamp', 'body']);
    for (const id of ids) {
      const form = exclusiveC14n(xml, `//*[@*[local-name()='Id']='${id}']`);
      expect(xml).toContain(form);
      expect(xml).toContain(`<ds:DigestValue>${Buffer.from(sha256(utf8(form))).toString('base64')}</ds:DigestValue>`);
    }
    expect(xml).toContain(exclusiveC14n(xml, "//*[local-name()='SignedInfo']"));
  });

  test('lives two minutes, has a fresh MessageID each time, and verifies', async () => {
    const [one, two] = [await request(), await request()];
    expect(one).toContain('<wsu:Created>2026-01-01T00:00:00.000Z</wsu:Created><wsu:Expires>2026-01-01T00:02:00.000Z');
    const options = { endpointUrl, repositoryUniqueId, now };
    const [first, second] = [await readSignedRequest(utf8(one), options), await readSignedRequest(utf8(two), options)];
    expect(first).toMatchObject({ signer: rfc8032.test1.publicKey, documents: references });
    expect(first.messageId).toMatch(/^urn:uuid:[0-9a-f-]{36}$/);
    expect(second.messageId).not.toBe(first.messageId);
  });
});

describe('the checks of the NIST toolkit on our own messages', () => {
  const count = (xml: string, name: string): number => xml.match(new RegExp(`<${name}[ >]`, 'g'))?.length ?? 0;

  test('MIME: multipart/related, type, start and Content-IDs in <>', async () => {
    const { contentType, wire } = await respond([sent, sent]);
    expect(contentType.mediaType).toBe('multipart/related');
    expect(contentType.parameters.get('type')).toBe('application/xop+xml');
    expect(contentType.parameters.get('start-info')).toBe('application/soap+xml');
    const start = contentType.parameters.get('start') ?? '';
    expect(start).toMatch(/^<[^<>]+>$/);
    const ids = Array.from(wire.matchAll(/Content-ID: (\S+)\r\n/g), ([, id]) => id);
    expect(ids).toHaveLength(3);
    expect(ids[0]).toBe(start);
    for (const id of ids) expect(id).toMatch(/^<[^<>]+>$/);
  });

  test.each<[string, () => Promise<string>, string]>([
    ['request', request, 'RetrieveDocumentSetRequest'],
    ['response', async () => (await respond([sent, refusedAnswer])).envelope, 'RetrieveDocumentSetResponse'],
  ])('SOAP: %s', async (_, build, payload) => {
    const xml = await build();
    expect([count(xml, 'soap:Header'), count(xml, 'soap:Body'), count(xml, 'wsa:Action')]).toEqual([1, 1, 1]);
    for (const header of ['To', 'From', 'ReplyTo', 'FaultTo', 'MessageID']) {
      expect(count(xml, `wsa:${header}`)).toBeLessThanOrEqual(1);
    }
    expect(xml).toMatch(
      /<wsa:Action [^>]*soap:mustUnderstand="1"[^>]*>urn:ihe:iti:2007:RetrieveDocumentSet(Response)?<\/wsa:Action>/,
    );
    for (const [, address] of xml.matchAll(/<wsa:(?:To|Address)[^>]*>([^<]*)</g)) expect(address).toMatch(/^http/);
    expect(count(xml, `xds:${payload}`)).toBe(1);
  });

  test('response: order of elements, and the id of the version differs from the id of the document', async () => {
    const { envelope } = await respond([sent, sent]);
    expect(envelope).toMatch(
      /<xds:HomeCommunityId>.*<xds:RepositoryUniqueId>.*<xds:DocumentUniqueId>.*<xds:NewDocumentUniqueId>.*<xds:mimeType>.*<xds:Document>/s,
    );
    expect(count(envelope, 'xds:HomeCommunityId')).toBe(1); // echoed only where it was sent
    expect(envelope).not.toContain('<rs:RegistryErrorList');
  });
});

test('a fault of each kind is well-formed SOAP with the codes of the table', () => {
  const fault = new TextDecoder().decode(
    encodeFault(faultFor({ code: 'HEADER_NOT_UNDERSTOOD', namespace: 'urn:x?a&b', localName: 'Foo' }), 'urn:uuid:<1>'),
  );
  expect(exclusiveC14n(fault, "//*[local-name()='NotUnderstood']")).toContain('Foo');
  expect(exclusiveC14n(fault, "//*[local-name()='RelatesTo']")).toContain('urn:uuid:&lt;1&gt;');
  const upgrade = new TextDecoder().decode(encodeFault(faultFor({ code: 'NOT_SOAP_12' }), undefined));
  expect(upgrade).toContain('<soap:Upgrade><soap:SupportedEnvelope qname="soap:Envelope">');
});
