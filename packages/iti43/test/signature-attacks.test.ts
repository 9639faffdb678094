/**
 * Attack patterns on XML signatures, re-made on good-01 and on our own requests. Origin of the patterns: the test files of
 * xml-crypto (wrapping, several SignedInfo, comment in a digest, ...) and docs/spec/iti-43.md, section 4. `resign` gives the
 * attacker a valid signature by his own key over whatever he built, computed by libxml2.
 */
import { expect, test } from 'vitest';
import { utf8 } from '@radledger/primitives';
import { signRequest } from '../src/client/index.js';
import type { Iti43Error } from '../src/index.js';
import { readSignedRequest } from '../src/server/index.js';
import { rfc8032, signer, stranger } from './support/keys.js';
import { resign } from './support/libxml2.js';
import { testData } from './support/test-data.js';

const good = testData('signed-request-vectors/good-01.xml').toString();
const options = {
  endpointUrl: 'https://source.example.org/xds/iti43',
  repositoryUniqueId: rfc8032.test3.publicKey,
  now: new Date('2026-01-01T00:01:00Z'),
};

async function verdict(xml: string): Promise<string> {
  try {
    const { signer: by } = await readSignedRequest(utf8(xml), options);
    return by === rfc8032.test1.publicKey ? 'accepted' : 'accepted for another key';
  } catch (error) {
    const { info } = error as Iti43Error;
    return [info.code, 'rule' in info ? info.rule : 'signedPart' in info ? info.signedPart : undefined]
      .filter((word) => word !== undefined)
      .join(' ');
  }
}

/** Replaces exactly one occurrence; a pattern that is not there would make an attack test itself. */
function change(xml: string, from: string | RegExp, to: string): string {
  const changed = xml.replace(from, to);
  if (changed === xml) throw new Error(`nothing to change: ${String(from)}`);
  return changed;
}

function part(name: string, xml = good): string {
  return new RegExp(`<${name}[ >].*?</${name}>`, 's').exec(xml)?.[0] ?? '';
}

const TRANSFORM = '<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>';
const evilBody = change(part('soap:Body'), 'ni:///sha-256;f4Ox', 'ni:///sha-256;EVIL');

test('the unmodified twin is accepted, and so is what libxml2 signs anew', async () => {
  expect(await verdict(good)).toBe('accepted');
  expect(await verdict(await resign(good, signer))).toBe('accepted');
});

test.each<[string, (xml: string) => string, string]>([
  ['content changed', (xml) => change(xml, 'sha-256;f4Ox', 'sha-256;f4Oy'), 'SIGNATURE_INVALID'],
  ['digest changed', (xml) => change(xml, 'rQ584jxV', 'rQ584jxW'), 'SIGNATURE_INVALID'],
  ['signature value changed', (xml) => change(xml, '7Ca6Ij0z', '7Ca6Ij0y'), 'SIGNATURE_INVALID'],
  ['signature value with a comment', (xml) => change(xml, '7Ca6', '7C<!-- -->a6'), 'SIGNATURE_STRUCTURE comment'],
  [
    'digest with a comment and an older digest',
    (xml) => change(xml, 'rQ584jxV', 'AAAA<!-- -->rQ584jxV'),
    'SIGNATURE_STRUCTURE comment',
  ],
  [
    'digest in two elements',
    (xml) => change(xml, /(<ds:DigestValue>[^<]*<\/ds:DigestValue>)/, '$1$1'),
    'SIGNATURE_STRUCTURE children',
  ],
  ['digest hidden in a child', (xml) => change(xml, 'rQ584jxV', '<x/>rQ584jxV'), 'SIGNATURE_STRUCTURE digest-value'],
  ['SignedInfo missing', (xml) => change(xml, part('ds:SignedInfo'), ''), 'SIGNATURE_STRUCTURE one-of-each'],
  [
    'SignedInfo twice',
    (xml) => change(xml, '</ds:SignedInfo>', `</ds:SignedInfo>${part('ds:SignedInfo')}`),
    'SIGNATURE_STRUCTURE one-of-each',
  ],
  [
    'SignedInfo wrapped',
    (xml) => change(xml, part('ds:SignedInfo'), `<x>${part('ds:SignedInfo')}</x>`),
    'SIGNATURE_STRUCTURE children',
  ],
  [
    'SignedInfo inside an Object',
    (xml) =>
      change(
        change(xml, part('ds:SignedInfo'), ''),
        '</ds:KeyInfo>',
        `</ds:KeyInfo><ds:Object>${part('ds:SignedInfo')}</ds:Object>`,
      ),
    'SIGNATURE_STRUCTURE children',
  ],
  ['an Object', (xml) => change(xml, '</ds:KeyInfo>', '</ds:KeyInfo><ds:Object/>'), 'SIGNATURE_STRUCTURE children'],
  [
    'a second Signature',
    (xml) => change(xml, '</ds:Signature>', `</ds:Signature>${part('ds:Signature')}`),
    'SIGNATURE_STRUCTURE one-of-each',
  ],
  [
    'Signature outside Security',
    (xml) => change(change(xml, part('ds:Signature'), ''), '<soap:Header>', `<soap:Header>${part('ds:Signature')}`),
    'SIGNATURE_STRUCTURE place',
  ],
  ['no KeyInfo', (xml) => change(xml, part('ds:KeyInfo'), ''), 'SIGNATURE_STRUCTURE children'],
  [
    'KeyInfo by name',
    (xml) => change(xml, /<dsig11:.*<\/dsig11:DEREncodedKeyValue>/, '<ds:KeyName>me</ds:KeyName>'),
    'KEY_REFUSED key-form',
  ],
  [
    'KeyInfo with two keys',
    (xml) => change(xml, /(<dsig11:.*<\/dsig11:DEREncodedKeyValue>)/, '$1$1'),
    'KEY_REFUSED key-form',
  ],
  [
    'Body wrapped away, another in its place',
    (xml) =>
      change(
        change(xml, '<wsse:Security', `<x>${part('soap:Body')}</x><wsse:Security`),
        /<soap:Body(?!.*<soap:Body).*$/s,
        `${change(evilBody, 'id-body', 'id-evil')}</soap:Envelope>`,
      ),
    'SIGNATURE_STRUCTURE one-of-each',
  ],
  [
    'the request wrapped inside the Body',
    (xml) => change(xml, part('xds:RetrieveDocumentSetRequest'), `<x>${part('xds:RetrieveDocumentSetRequest')}</x>`),
    'ACTION_NOT_SUPPORTED',
  ],
  [
    'another Envelope around it',
    (xml) =>
      `<soap:Envelope xmlns:soap="http://www.w3.org/2003/05/soap-envelope"><soap:Header>${xml}</soap:Header>${evilBody.replace('<soap:Body', '<soap:Body xmlns:wsu="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"')}</soap:Envelope>`,
    'ADDRESSING_HEADER_REQUIRED',
  ],
  [
    'Action signed in a wrapper, another in use',
    (xml) =>
      change(
        xml,
        part('wsa:Action'),
        `<x>${part('wsa:Action')}</x><wsa:Action>urn:ihe:iti:2007:RetrieveDocumentSet</wsa:Action>`,
      ),
    'PART_NOT_SIGNED Action',
  ],
  [
    'Timestamp signed in a wrapper, another in use',
    (xml) =>
      change(
        xml,
        part('wsu:Timestamp'),
        `<x>${part('wsu:Timestamp')}</x><wsu:Timestamp><wsu:Created>2026-01-01T00:00:00Z</wsu:Created><wsu:Expires>2026-01-01T00:05:00Z</wsu:Expires></wsu:Timestamp>`,
      ),
    'SIGNATURE_STRUCTURE one-of-each',
  ],
  ['an Id twice', (xml) => change(xml, '<soap:Header>', '<soap:Header><x wsu:Id="id-body"/>'), 'DUPLICATE_ID'],
  [
    'an Id twice in another spelling',
    (xml) => change(xml, '<soap:Header>', '<soap:Header><x ID="id-body"/>'),
    'DUPLICATE_ID',
  ],
  [
    'an Id twice as xml:id',
    (xml) => change(xml, '<soap:Header>', '<soap:Header><x xml:id="id-body"/>'),
    'DUPLICATE_ID',
  ],
  ['two Ids on one element', (xml) => change(xml, 'wsu:Id="id-body"', 'wsu:Id="id-body" Id="id-body"'), 'DUPLICATE_ID'],
  [
    'a quote in a reference',
    (xml) => change(xml, 'URI="#id-body"', 'URI="#id-body\']|//x[\'"'),
    'REFERENCE_REFUSED uri',
  ],
  ['the whole document as reference', (xml) => change(xml, 'URI="#id-body"', 'URI=""'), 'REFERENCE_REFUSED uri'],
  [
    'an XPointer as reference',
    (xml) => change(xml, 'URI="#id-body"', 'URI="#xpointer(id(\'id-body\'))"'),
    'REFERENCE_REFUSED uri',
  ],
  ['a file as reference', (xml) => change(xml, 'URI="#id-body"', 'URI="file:///etc/passwd"'), 'REFERENCE_REFUSED uri'],
  [
    'a comment that splits an id',
    (xml) => change(xml, 'sha-256;f4Ox', 'sha-256;<!-- -->f4Ox'),
    'MALFORMED_MESSAGE id-not-text',
  ],
  [
    'a processing instruction that hides an id',
    (xml) => change(xml, /ni:\/\/\/sha-256;[^<]*/, '<?x $&?>'),
    'MALFORMED_MESSAGE processing-instruction',
  ],
  ['an entity', (xml) => change(xml, 'sha-256;', 'sha-256&semi;'), 'DOCTYPE_REFUSED'],
  [
    'an internal DTD',
    (xml) => `<!DOCTYPE soap:Envelope [<!ATTLIST soap:Body wsu:Id ID #IMPLIED>]>${xml}`,
    'DOCTYPE_REFUSED',
  ],
  ['two roots', (xml) => xml + xml, 'MALFORMED_MESSAGE not-well-formed'],
  ['bytes after the root', (xml) => `${xml}x`, 'MALFORMED_MESSAGE not-well-formed'],
  ['cut off', (xml) => xml.slice(0, -20), 'MALFORMED_MESSAGE not-well-formed'],
  [
    'an undeclared prefix',
    (xml) => change(xml, '<soap:Header>', '<soap:Header><nobody:x/>'),
    'MALFORMED_MESSAGE not-well-formed',
  ],
  [
    'another element in the request',
    (xml) => change(xml, '</xds:DocumentRequest>', '<xds:X/></xds:DocumentRequest>'),
    'MALFORMED_MESSAGE element-order',
  ],
  [
    'an id with a character that XML cannot carry',
    (xml) => change(xml, 'ni:///', '&#xFFFE;'),
    'MALFORMED_MESSAGE id-not-text',
  ],
  [
    'text in the Body',
    (xml) => change(xml, '<xds:RetrieveDocumentSetRequest', 'x<xds:RetrieveDocumentSetRequest'),
    'MALFORMED_MESSAGE one-payload',
  ],
  [
    'a third child of the Envelope',
    (xml) => change(xml, '</soap:Envelope>', '<x/></soap:Envelope>'),
    'MALFORMED_MESSAGE header-body',
  ],
  [
    'the Body first',
    (xml) => change(change(xml, part('soap:Body'), ''), '<soap:Header>', `${part('soap:Body')}<soap:Header>`),
    'MALFORMED_MESSAGE header-body',
  ],
])('refused: %s', async (_, attack, expected) => {
  expect(await verdict(attack(good))).toBe(expected);
});

// Each of these has a valid signature by the key it names, as libxml2 computes it: only the profile stands in the way.
test.each<[string, (xml: string) => string, string]>([
  [
    'no Transforms',
    (xml) => change(xml, `<ds:Transforms>${TRANSFORM}</ds:Transforms>`, ''),
    'SIGNATURE_STRUCTURE children',
  ],
  ['a second Transform', (xml) => change(xml, TRANSFORM, TRANSFORM + TRANSFORM), 'SIGNATURE_STRUCTURE children'],
  [
    'an XSLT Transform',
    (xml) => change(xml, TRANSFORM, '<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116"/>'),
    'ALGORITHM_REFUSED',
  ],
  [
    'an XPath Transform',
    (xml) =>
      change(
        xml,
        TRANSFORM,
        '<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"><ds:XPath>1</ds:XPath></ds:Transform>',
      ),
    'ALGORITHM_REFUSED',
  ],
  [
    'an enveloped-signature Transform',
    (xml) =>
      change(xml, TRANSFORM, '<ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/>'),
    'ALGORITHM_REFUSED',
  ],
  [
    'C14N with comments',
    (xml) => change(xml, TRANSFORM, '<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#WithComments"/>'),
    'ALGORITHM_REFUSED',
  ],
  [
    'inclusive C14N of SignedInfo',
    (xml) =>
      change(
        xml,
        '<ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"',
        '<ds:CanonicalizationMethod Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315"',
      ),
    'ALGORITHM_REFUSED',
  ],
  [
    'SHA-1',
    (xml) => change(xml, 'http://www.w3.org/2001/04/xmlenc#sha256', 'http://www.w3.org/2000/09/xmldsig#sha1'),
    'ALGORITHM_REFUSED',
  ],
  [
    'HMAC with the public key as secret',
    (xml) =>
      change(
        xml,
        'http://www.w3.org/2021/04/xmldsig-more#eddsa-ed25519',
        'http://www.w3.org/2000/09/xmldsig#hmac-sha1',
      ),
    'ALGORITHM_REFUSED',
  ],
  ['Ed25519ctx', (xml) => change(xml, '#eddsa-ed25519"', '#eddsa-ed25519ctx"'), 'ALGORITHM_REFUSED'],
  [
    'a parameter of the signature method',
    (xml) => change(xml, /<ds:SignatureMethod ([^>]*)\/>/, '<ds:SignatureMethod $1><x/></ds:SignatureMethod>'),
    'SIGNATURE_STRUCTURE parameters',
  ],
  [
    'a Manifest reference',
    (xml) =>
      change(
        xml,
        '<ds:Reference URI="#id-to">',
        '<ds:Reference Type="http://www.w3.org/2000/09/xmldsig#Manifest" URI="#id-to">',
      ),
    'SIGNATURE_STRUCTURE reference',
  ],
  [
    'a reference twice',
    (xml) => change(xml, '<ds:Reference URI="#id-replyto">', '<ds:Reference URI="#id-to">'),
    'PART_NOT_SIGNED ReplyTo',
  ],
  [
    'one reference more, to the same',
    (xml) => change(xml, '</ds:SignedInfo>', `${part('ds:Reference')}</ds:SignedInfo>`),
    'REFERENCE_REFUSED repeated',
  ],
  [
    'one reference more, to nothing',
    (xml) => change(xml, '</ds:SignedInfo>', `${part('ds:Reference').replace('id-action', 'id-none')}</ds:SignedInfo>`),
    'REFERENCE_REFUSED not-a-signed-part',
  ],
  [
    'one reference more, to another header',
    (xml) =>
      change(
        change(xml, '</ds:SignedInfo>', `${part('ds:Reference').replace('id-action', 'id-x')}</ds:SignedInfo>`),
        '<soap:Header>',
        '<soap:Header><x wsu:Id="id-x"/>',
      ),
    'REFERENCE_REFUSED not-a-signed-part',
  ],
  [
    'ReplyTo unsigned',
    (xml) => change(xml, /<ds:Reference URI="#id-replyto">.*?<\/ds:Reference>/, ''),
    'PART_NOT_SIGNED ReplyTo',
  ],
  [
    'MessageID unsigned',
    (xml) => change(xml, /<ds:Reference URI="#id-mid">.*?<\/ds:Reference>/, ''),
    'PART_NOT_SIGNED MessageID',
  ],
  [
    'Timestamp unsigned',
    (xml) => change(xml, /<ds:Reference URI="#id-ts">.*?<\/ds:Reference>/, ''),
    'PART_NOT_SIGNED Timestamp',
  ],
  ['To unsigned', (xml) => change(xml, /<ds:Reference URI="#id-to">.*?<\/ds:Reference>/, ''), 'PART_NOT_SIGNED To'],
  ['an Id that is not wsu:Id', (xml) => change(xml, 'wsu:Id="id-body"', 'Id="id-body"'), 'PART_NOT_SIGNED Body'],
  [
    'no To at all',
    (xml) => change(change(xml, /<ds:Reference URI="#id-to">.*?<\/ds:Reference>/, ''), part('wsa:To'), ''),
    'ADDRESSING_HEADER_REQUIRED',
  ],
  ['a lifetime of an hour', (xml) => change(xml, '00:05:00Z', '01:00:00Z'), 'TIMESTAMP_REFUSED lifetime'],
  [
    'Expires before Created',
    (xml) => change(xml, '<wsu:Expires>2026', '<wsu:Expires>2025'),
    'TIMESTAMP_REFUSED malformed',
  ],
  ['a time without zone', (xml) => change(xml, '00:05:00Z', '00:05:00'), 'TIMESTAMP_REFUSED malformed'],
  ['no Expires', (xml) => change(xml, part('wsu:Expires'), ''), 'TIMESTAMP_REFUSED malformed'],
  ['an id of 257 characters', (xml) => change(xml, 'ni:///', 'x'.repeat(257)), 'MALFORMED_MESSAGE id-length'],
  ['an empty id', (xml) => change(xml, /ni:\/\/\/[^<]*/, ''), 'MALFORMED_MESSAGE id-length'],
  [
    'a signed reply elsewhere',
    (xml) => change(xml, 'addressing/anonymous', 'addressing/none'),
    'ONLY_ANONYMOUS_ADDRESS',
  ],
])('refused although its signature is valid: %s', async (_, attack, expected) => {
  expect(await verdict(await resign(attack(good), signer))).toBe(expected);
});

test.each<[string, (xml: string) => string]>([
  [
    'prefixes in InclusiveNamespaces',
    (xml) =>
      xml.replaceAll(
        TRANSFORM,
        '<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"><ec:InclusiveNamespaces xmlns:ec="http://www.w3.org/2001/10/xml-exc-c14n#" PrefixList="wsa soap"/></ds:Transform>',
      ),
  ],
  ['comments between elements', (xml) => change(xml, '<soap:Header>', '<!-- a & b --><soap:Header><!-- c -->')],
  [
    'no ReplyTo',
    (xml) => change(change(xml, /<ds:Reference URI="#id-replyto">.*?<\/ds:Reference>/, ''), part('wsa:ReplyTo'), ''),
  ],
  [
    'a signed From',
    (xml) =>
      change(
        change(xml, '</ds:SignedInfo>', `${part('ds:Reference').replace('id-action', 'id-from')}</ds:SignedInfo>`),
        '<soap:Header>',
        '<soap:Header><wsa:From wsu:Id="id-from"><wsa:Address>http://www.w3.org/2005/08/addressing/anonymous</wsa:Address></wsa:From>',
      ),
  ],
  [
    'another header that is not mandatory',
    (xml) => change(xml, '<soap:Header>', '<soap:Header><x:Context xmlns:x="urn:x">y</x:Context>'),
  ],
  [
    'references in another order',
    (xml) =>
      change(change(xml, part('ds:Reference'), ''), '</ds:SignedInfo>', `${part('ds:Reference')}</ds:SignedInfo>`),
  ],
  [
    'a time with an offset and fractions',
    (xml) => change(xml, '2026-01-01T00:00:00Z', '2026-01-01T01:00:00.500+01:00'),
  ],
  // xml-crypto orders prefixes by locale, the standard by code point: upper case comes first.
  [
    'prefixes in upper and lower case',
    (xml) =>
      xml
        .replaceAll('soap:', 'Z:')
        .replaceAll('xmlns:soap=', 'xmlns:Z=')
        .replaceAll('wsa:', 'a:')
        .replaceAll('xmlns:wsa=', 'xmlns:a='),
  ],
])('accepted: %s', async (_, variant) => {
  expect(await verdict(await resign(variant(good), signer))).toBe('accepted');
});

test('a weak key is refused: with it, anybody could have signed anything', async () => {
  const identity = Buffer.concat([
    Buffer.from('302a300506032b6570032100', 'hex'),
    Buffer.from([1, ...new Array<number>(31).fill(0)]),
  ]);
  const weak = change(good, /MCowBQYDK2VwAyEA[^<]*/, identity.toString('base64'));
  expect(await verdict(weak)).toBe('KEY_REFUSED weak-key');
});

test('who signs anew with his own key is himself, not the one he imitates', async () => {
  const forged = await resign(
    change(
      good,
      /MCowBQYDK2VwAyEA[^<]*/,
      Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), stranger.publicKey]).toString('base64'),
    ),
    stranger,
  );
  expect(await verdict(forged)).toBe('accepted for another key');
  expect(await verdict(await resign(good, stranger))).toBe('SIGNATURE_INVALID');
});

test.each<[string, () => string, string]>([
  [
    'depth',
    () => change(good, '<soap:Header>', `<soap:Header>${'<x>'.repeat(100)}${'</x>'.repeat(100)}`),
    'MESSAGE_TOO_LARGE',
  ],
  ['elements', () => change(good, '<soap:Header>', `<soap:Header>${'<x/>'.repeat(5001)}`), 'MESSAGE_TOO_LARGE'],
  [
    'attributes',
    () =>
      change(good, '<soap:Header>', `<soap:Header><x ${Array.from({ length: 65 }, (_, i) => `a${i}=""`).join(' ')}/>`),
    'MESSAGE_TOO_LARGE',
  ],
  [
    'attributes in all',
    () => change(good, '<soap:Header>', `<soap:Header>${'<x a="" b="" c=""/>'.repeat(340)}`),
    'MESSAGE_TOO_LARGE',
  ],
  ['bytes', () => good + ' '.repeat(800_000), 'MESSAGE_TOO_LARGE'],
  [
    'documents',
    () => change(good, part('xds:DocumentRequest'), part('xds:DocumentRequest').repeat(1001)),
    'MESSAGE_TOO_LARGE',
  ],
])('bounded: %s', async (_, build, expected) => {
  expect(await verdict(build())).toBe(expected);
});

test('other encodings than UTF-8 are refused', async () => {
  const latin1 = `<?xml version="1.0" encoding="iso-8859-1"?>${good}`;
  expect(await verdict(latin1)).toBe('MALFORMED_MESSAGE encoding');
  const utf16 = Buffer.from(`\ufeff${good}`, 'utf16le');
  await expect(readSignedRequest(utf16, options)).rejects.toMatchObject({ code: 'MALFORMED_MESSAGE' });
  expect(await verdict(`\ufeff<?xml version="1.0" encoding="UTF-8"?>${good}`)).toBe('accepted');
});

test('a thousand documents in one request', async () => {
  const documents = Array.from({ length: 1000 }, (_, i) => ({
    repositoryUniqueId: options.repositoryUniqueId,
    documentUniqueId: i.toString(16).padStart(64, '0'),
  }));
  const { envelope, messageId } = await signRequest({
    endpointUrl: options.endpointUrl,
    documents,
    signer,
    now: options.now,
  });
  expect(await readSignedRequest(envelope, options)).toEqual({ signer: rfc8032.test1.publicKey, messageId, documents });
});

// IHE XUA: an assertion is signed by its identity provider, stands beside our signature, and proves nothing to us.
const SAML = 'urn:oasis:names:tc:SAML:2.0:assertion';
const foreignSignature = part('ds:Signature').replaceAll(/ (?:wsu:)?Id="[^"]*"/g, '');
const assertion = (content = foreignSignature, id = '_a1'): string =>
  `<saml:Assertion xmlns:saml="${SAML}" xmlns:ds="http://www.w3.org/2000/09/xmldsig#" ID="${id}">${content}</saml:Assertion>`;
const besideSignature = (xml: string): string => change(good, '</wsse:Security>', `${xml}</wsse:Security>`);

test('a signed SAML assertion beside the signature is handed on as it is, and changes nothing else', async () => {
  const xml = besideSignature(assertion(`<saml:Issuer>https://idp.example</saml:Issuer>${foreignSignature}`));
  const request = await readSignedRequest(utf8(xml), options);
  expect(request.signer).toBe(rfc8032.test1.publicKey);
  expect(request.assertion).toContain('<saml:Issuer>https://idp.example</saml:Issuer>');
  expect((await readSignedRequest(utf8(good), options)).assertion).toBeUndefined();
});

test.each<[string, () => string, string]>([
  ['two assertions', () => besideSignature(assertion() + assertion('', '_a2')), 'SIGNATURE_STRUCTURE assertion'],
  [
    'the only signature inside the assertion',
    () => change(good, part('ds:Signature'), assertion(part('ds:Signature'))),
    'SIGNATURE_MISSING',
  ],
  [
    'an assertion elsewhere',
    () => change(good, '</soap:Header>', `${assertion()}</soap:Header>`),
    'SIGNATURE_STRUCTURE one-of-each',
  ],
  [
    'the signed Body hidden in the assertion, another in its place',
    () =>
      change(
        change(good, part('soap:Body'), evilBody),
        '</wsse:Security>',
        `${assertion(part('soap:Body'))}</wsse:Security>`,
      ),
    'SIGNATURE_STRUCTURE one-of-each',
  ],
  ['an Id of a signed part', () => besideSignature(assertion('', 'id-body')), 'DUPLICATE_ID'],
])('an assertion opens no door: %s', async (_name, make, expected) => {
  expect(await verdict(make())).toBe(expected);
});
