/** Messages of other stacks, read as they were captured. Origin: tests/data/iti43/ORIGIN.md. */
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { parseContentType } from '@radledger/multipart';
import { messageIdValue, readAddressing, readEnvelope } from '../src/envelope.js';
import { decodeFault } from '../src/fault.js';
import { isMtom, readMtom } from '../src/mtom-reader.js';
import { decodeRetrieveRequest } from '../src/retrieve-request.js';
import { decodeRetrieveResponse } from '../src/retrieve-response.js';
import { readSignedRequest } from '../src/server/index.js';
import { parseXml } from '../src/xml-tree.js';
import { responseLimits } from '../src/xml-tokens.js';
import { rfc8032 } from './support/keys.js';
import { bytesOf, captured, capturedDocument, inChunks, testData } from './support/test-data.js';

async function openPackage(contentType: string, body: Uint8Array) {
  const parsedType = parseContentType(contentType);
  if (parsedType === undefined || !isMtom(parsedType)) throw new Error(`not MTOM: ${contentType}`);
  const { envelope, parts } = await readMtom(inChunks(body, [1000, 3, 517]), parsedType, {
    envelopeBytesMax: 1_000_000,
  });
  const contents = new Map<string | undefined, Buffer>();
  for await (const part of parts) contents.set(part.contentId, await bytesOf(part.body));
  return { envelope, soap: readEnvelope(parseXml(envelope, responseLimits)), contents };
}

async function openResponse(contentType: string, body: Uint8Array) {
  const { soap, contents } = await openPackage(contentType, body);
  const response = decodeRetrieveResponse(soap.payload);
  const documents = response.documents.map(({ location, ...description }) => ({
    ...description,
    bytes: location.kind === 'inline' ? Buffer.from(location.bytes) : contents.get(location.contentId),
  }));
  return { ...response, documents, addressing: readAddressing(soap.blocks) };
}

const five = [
  ['application/pdf', 58_946, '405134f629edabc7'],
  ['application/pdf', 146_979, '0b09e78062ecca4a'],
  ['application/xml', 15_710, '34b96e027bc0ddab'],
  ['application/xml', 1717, '2abf2073522af62f'],
  ['application/pdf', 58_946, '405134f629edabc7'],
];
const GEMATIK = [...five, ...five];

const jaxws = 'captures-jaxws-ri/jaxws-ri-';
const repositoryUniqueId = rfc8032.test1.publicKey;
const document = {
  repositoryUniqueId,
  documentUniqueId: 'ni:///sha-256;AAA',
  mimeType: 'application/zip',
  bytes: capturedDocument,
};
const error = {
  errorCode: 'XDSDocumentUniqueIdError',
  codeContext: 'The document associated with the uniqueId is not available',
  severity: 'Error',
  location: 'missing-1',
};

describe('JAX-WS RI', () => {
  test.each([
    ['success', 'Success', [document], []],
    ['signed', 'Success', [document], []],
    ['partial', 'PartialSuccess', [document], [error]],
    ['failure', 'Failure', [], [error]],
  ])('%s: request and response, the 300 octets of the document exact', async (name, status, documents, errors) => {
    const request = captured(`${jaxws}${name}.request.http`);
    const asked = await openPackage(request.contentType, request.body);
    const requested = decodeRetrieveRequest(asked.soap.payload);
    expect(requested.length).toBe(documents.length + errors.length);
    const { contentType, body } = captured(`${jaxws}${name}.response.http`);
    const response = await openResponse(contentType, body);
    expect(response).toMatchObject({ status, documents, errors });
    expect(response.addressing.relatesTo.map(messageIdValue)).toEqual([
      messageIdValue(readAddressing(asked.soap.blocks).messageId),
    ]);
  });

  test('its signature, made by the JDK, verifies; its FaultTo is unsigned and anonymous', async () => {
    const request = captured(`${jaxws}signed.request.http`);
    const { envelope } = await openPackage(request.contentType, request.body);
    const options = {
      endpointUrl: 'http://127.0.0.1:19103/rep',
      repositoryUniqueId,
      now: new Date('2026-11-22T11:49:00Z'),
    };
    expect(await readSignedRequest(envelope, options)).toEqual({
      signer: rfc8032.test1.publicKey,
      messageId: 'uuid:cb6413a0-2633-4c2b-8cff-85ea52fa2a44',
      documents: [{ repositoryUniqueId, documentUniqueId: 'ni:///sha-256;AAA' }],
    });
    const unsigned = captured(`${jaxws}success.request.http`);
    const plain = await openPackage(unsigned.contentType, unsigned.body);
    await expect(readSignedRequest(plain.envelope, options)).rejects.toMatchObject({ code: 'SIGNATURE_MISSING' });
  });

  const wsa = '{http://www.w3.org/2005/08/addressing}';
  test.each([
    ['actionnotsupported', 'Sender', [`${wsa}ActionNotSupported`]],
    ['mustunderstand', 'MustUnderstand', []],
    ['noaction', 'Sender', [`${wsa}MessageAddressingHeaderRequired`, `${wsa}MessageAddressingHeaderRequired`]],
    ['versionmismatch', 'VersionMismatch', []],
  ])('fault: %s', (name, faultCode, subcodes) => {
    const { payload } = readEnvelope(parseXml(captured(`${jaxws}fault-${name}.response.http`).body, responseLimits));
    expect(decodeFault(payload).info).toEqual({ code: 'SOAP_FAULT', faultCode, subcodes });
  });
});

describe('gematik ePA (CXF)', () => {
  // Percent-encoded cid, unencoded Content-ID, a preamble of CRLF, no CRLF after the close. Sizes and digests were taken
  // from the file by another program, which split it at its boundary.
  test('PartialSuccess with its documents', async () => {
    const { contentType, body } = captured('gematik-epa/Responses/retrievedocument-resp.xop');
    const { status, errors, documents } = await openResponse(contentType, body);
    expect(status).toBe('PartialSuccess');
    expect(errors.map(({ errorCode }) => errorCode)).toEqual(['XDSUnknownCommunity', 'XDSUnknownCommunity']);
    expect(documents.every(({ repositoryUniqueId: id }) => id === 'urn:oid:1.2.276.0.76.3.1.405')).toBe(true);
    expect(
      documents.map(({ mimeType, bytes }) => [
        mimeType,
        bytes?.length,
        bytes === undefined ? '' : createHash('sha256').update(bytes).digest('hex').slice(0, 16),
      ]),
    ).toEqual(GEMATIK);
  });

  test.each(['retrievedocument.xop', 'retrievedocument-resp.xop'])('request %s', async (name) => {
    const body = testData(`gematik-epa/Requests/${name}`).toString('latin1').replaceAll('\n', '\r\n');
    const { soap } = await openPackage(
      'multipart/related; boundary=_MIME_MTOM_Boundary_; type="application/xop+xml"; start="<Start@Request.konlan>"',
      Buffer.from(body, 'latin1'),
    );
    const requested = decodeRetrieveRequest(soap.payload);
    expect(requested.length).toBeGreaterThan(1);
    expect(requested[0]).toEqual({
      homeCommunityId: 'urn:oid:1.2.276.0.76.3.1.315.3.2.1.1',
      repositoryUniqueId: '1.2.276.0.76.3.1.315.3.2.1.1',
      documentUniqueId: '1.2.840.113556.1.8000.2554.17930.51373.54354.20040.33122.16728266.12168687',
    });
  });
});

describe('NIST XDS Toolkit', () => {
  const boundary = 'MIMEBoundary_95b57d7287e4fa4b528a8f050c41f8ad829c20332f23b48d';
  const axis = `multipart/related; boundary=${boundary}; type="application/xop+xml"; start="<0.85b57d7287e4fa4b528a8f050c41f8ad829c20332f23b48d@apache.org>"`;
  test.each([
    ['Xop', axis, 1],
    ['encodedURL', axis, 1],
    ['NoXop', axis, 0],
    [
      'dicom',
      'multipart/related; type="application/xop+xml"; boundary="uuid:376733a6-6a2d-4583-a687-04c08acf6a49+id=17"; start=<http://tempuri.org/0>',
      0,
    ],
  ])('MTOM body %s', async (name, contentType, parts) => {
    const body = testData(`nist-toolkit/mtom-samples/${name}/body.txt`).toString('latin1').replaceAll('\n', '\r\n');
    const { soap, contents } = await openPackage(contentType, Buffer.from(body, 'latin1'));
    expect(soap.payload.localName).toBe('ProvideAndRegisterDocumentSetRequest');
    expect(contents.size).toBe(parts);
    if (parts > 0) {
      expect(contents.values().next().value?.toString()).toBe('This is my document.\r\n\r\nIt is great!\r\n\r\n');
    }
  });

  test('the query of testkit 12029', () => {
    expect(
      decodeRetrieveRequest(parseXml(testData('nist-toolkit/12029-retrieve-query.xml'), responseLimits).root),
    ).toEqual([{ repositoryUniqueId: '$repuid$', documentUniqueId: '$docuid1$' }]);
  });
});

describe('IHE and Swiss EPR samples', () => {
  test('IHE request', () => {
    const documents = [
      { repositoryUniqueId: '1.3.6.1.4...1000', documentUniqueId: '1.3.6.1.4...2300' },
      { repositoryUniqueId: '1.3.6.1.4...1000', documentUniqueId: '1.3.6.1.4...2301' },
    ];
    const soap = readEnvelope(parseXml(testData('ihe-iti-info/RetrieveDocumentSetRequest_SOAP.xml'), responseLimits));
    expect(decodeRetrieveRequest(soap.payload)).toEqual(documents);
    expect(
      decodeRetrieveRequest(parseXml(testData('ihe-iti-info/RetrieveDocumentSetRequest.xml'), responseLimits).root),
    ).toEqual(documents);
  });

  test('IHE response: un-optimised base64 is rebuilt', () => {
    const soap = readEnvelope(parseXml(testData('ihe-iti-info/RetrieveDocumentSetResponse_SOAP.xml'), responseLimits));
    const { status, documents } = decodeRetrieveResponse(soap.payload);
    expect(status).toBe('Success');
    expect(documents).toHaveLength(2);
    const bytes = Buffer.from('UjBsR09EbGhjZ0dTQUxNQUFBUUNBRU1tQ1p0dU1GUXhEUzhi', 'base64');
    expect(documents.map(({ location }) => location)).toEqual([
      { kind: 'inline', bytes },
      { kind: 'inline', bytes },
    ]);
    expect(
      decodeRetrieveResponse(parseXml(testData('ihe-iti-info/RetrieveDocumentSetResponse.xml'), responseLimits).root)
        .status,
    ).toBe('Success');
  });

  test('Swiss request: a SAML assertion with its own signature is no request signature', async () => {
    const bytes = testData('epr-by-example/ITI-43_request_raw.xml');
    expect(decodeRetrieveRequest(readEnvelope(parseXml(bytes, responseLimits)).payload)).toEqual([
      {
        homeCommunityId: expect.stringMatching(/^urn:oid:/),
        repositoryUniqueId: expect.any(String),
        documentUniqueId: expect.any(String),
      },
    ]);
    const options = {
      endpointUrl: 'https://epd-test.com:6443/Repository/services/RepositoryService',
      repositoryUniqueId,
      now: new Date('2020-09-22T12:13:35Z'),
    };
    await expect(readSignedRequest(bytes, options)).rejects.toMatchObject({ code: 'SIGNATURE_MISSING' });
  });

  test('Swiss response: white space around the Include', () => {
    const soap = readEnvelope(parseXml(testData('epr-by-example/ITI-43_response_raw.xml'), responseLimits));
    expect(decodeRetrieveResponse(soap.payload).documents.map(({ location }) => location)).toEqual([
      { kind: 'part', contentId: '72f7c587daaacb8b81212de4e80e442e5f43394482e12edd@apache.org' },
    ]);
  });
});
