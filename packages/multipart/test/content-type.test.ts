import { describe, expect, test } from 'vitest';
import { parseContentType } from '../src/index.js';

function parsed(value: string): unknown {
  const result = parseContentType(value);
  return result === undefined ? undefined : [result.mediaType, Object.fromEntries(result.parameters)];
}

describe('forms that real stacks send', () => {
  test.each<[string, string, Record<string, string>]>([
    ['application/soap+xml; charset=utf-8', 'application/soap+xml', { charset: 'utf-8' }],
    // JAX-WS RI: no space, a whole content type in a quoted string
    [
      'multipart/related;start="<rootpart*1@example>";type="application/xop+xml";boundary="uuid:1";start-info="application/soap+xml;action=\\"urn:x\\""',
      'multipart/related',
      {
        start: '<rootpart*1@example>',
        type: 'application/xop+xml',
        boundary: 'uuid:1',
        'start-info': 'application/soap+xml;action="urn:x"',
      },
    ],
    // Axis2: unquoted boundary; WCF: unquoted with = and +
    [
      'Multipart/Related; BOUNDARY=MIMEBoundary_95b; Type="application/xop+xml"',
      'multipart/related',
      { boundary: 'MIMEBoundary_95b', type: 'application/xop+xml' },
    ],
    [
      'multipart/related; boundary=uuid:37+id=17;start=<http://tempuri.org/0>',
      'multipart/related',
      { boundary: 'uuid:37+id=17', start: '<http://tempuri.org/0>' },
    ],
    ['a/b ; c = "d;e" ; f=g ;', 'a/b', { c: 'd;e', f: 'g' }],
    ['a/b; c=""', 'a/b', { c: '' }],
  ])('%s', (value, mediaType, parameters) => {
    expect(parsed(value)).toEqual([mediaType, parameters]);
  });
});

test.each([
  '',
  'text',
  'a/',
  '/b',
  'a/b c',
  'a/b; c',
  'a/b; c=',
  'a/b; c="d',
  'a/b; c="d\\',
  'a/b; c=d; C=e',
  'a/b; =d',
  `a/${'b'.repeat(5000)}`,
])('refused: %j', (value) => {
  expect(parseContentType(value)).toBeUndefined();
});
