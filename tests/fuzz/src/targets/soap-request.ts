import { readSignedRequest } from '@radledger/iti43/server';
import { filesIn } from '../corpora.js';
import type { Target } from '../fuzz.js';

/** A signed request, up to its verdict. */
export const soapRequest: Target = {
  name: 'soap-request',
  words: [
    '<!DOCTYPE a [<!ENTITY b "c">]>',
    '&b;',
    '&#0;',
    '<![CDATA[',
    ']]>',
    '<!--',
    '-->',
    '<?a?>',
    ' wsu:Id="x"',
    ' xmlns=""',
    ' xmlns:a="urn:a"',
    '<a:b/>',
    '</',
    '<ds:Signature>',
    '<wsa:To>',
    'http://www.w3.org/2003/05/soap-envelope',
    '#xpointer(/)',
  ],
  async corpus() {
    return [
      ...(await filesIn('signed-request-vectors')),
      ...(await filesIn('epr-by-example')),
      ...(await filesIn('ihe-iti-info')),
    ].map((file) => file.subarray(0, 16_384));
  },
  read: (input) =>
    readSignedRequest(Buffer.from(input), {
      endpointUrl: 'https://source.example.org/xds/iti43',
      repositoryUniqueId: 'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
      now: new Date('2026-01-01T00:01:00Z'),
    }),
};
