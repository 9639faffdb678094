// Goal: a table of an archive means what it says, or is refused: nothing that looks like TLS may be none.
import { describe, expect, test } from 'vitest';
import { parseConfig } from '../src/config.js';

const parse = (archive: string) =>
  parseConfig(
    `node = "http://127.0.0.1:1"
[api]
host = "127.0.0.1"
port = 0
[operator]
host = "127.0.0.1"
port = 0
[recipient]
${archive}`,
    '/etc/radledger/gateway.toml',
  ).recipient;

const DIMSE = `[recipient.dimse]
host = "pacs.example"
port = 104
aeTitle = "PACS"
gatewayAeTitle = "RADLEDGER"
`;
const RECEIVER = `${DIMSE}[recipient.dimse.receiver]
host = "127.0.0.1"
port = 11112
`;

test('a PACS over DIMSE, with what is not said filled in', () => {
  expect(parse(RECEIVER)?.dimse).toEqual({
    host: 'pacs.example',
    port: 104,
    aeTitle: 'PACS',
    gatewayAeTitle: 'RADLEDGER',
    tls: false,
    associationsMax: 4,
    filingCheck: 'bytes',
    receiver: { host: '127.0.0.1', port: 11112 },
  });
});

describe('refused', () => {
  test.each([
    ['two archives', `folder = "/srv"\n${DIMSE}`, 'recipient'],
    ['no archive', '', 'recipient'],
    ['an AE title of 17 characters', DIMSE.replace('"PACS"', '"SEVENTEEN_LETTERS"'), 'recipient.dimse.aeTitle'],
    ['an AE title with a backslash', DIMSE.replace('"PACS"', "'PA\\CS'"), 'recipient.dimse.aeTitle'],
    ['an authority without TLS', `${DIMSE}authority = "ca.pem"\n`, 'recipient.dimse.tls'],
    ['a key without TLS', `${DIMSE}key = "a.pem"\ncertificate = "b.pem"\n`, 'recipient.dimse.tls'],
    ['a key without its certificate', `${DIMSE}tls = true\nkey = "a.pem"\n`, 'recipient.dimse'],
    ['a receiver that asks callers nothing', `${RECEIVER}authority = "ca.pem"\n`, 'recipient.dimse.receiver.authority'],
    ['a receiver that knows no caller', `${RECEIVER}callers = []\n`, 'recipient.dimse.receiver.callers'],
  ])('%s', (_name, archive, path) => {
    expect(() => parse(archive)).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', info: expect.objectContaining({ path }) }),
    );
  });
});
