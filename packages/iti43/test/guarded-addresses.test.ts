/** Threat row 7: addresses on the ledger and in links lead nowhere inside. */
import { expect, test } from 'vitest';
import { guardedAddresses } from '../src/client/index.js';

const to = (...addresses: string[]) => ({ resolve: async () => addresses });

test.each([
  'http://images.example',
  'https://user:word@images.example',
  'https://images.example:22',
  'https://93.184.216.34',
  'https://2130706433',
  'https://0x7f.1',
  'https://127.0.0.1',
  'https://[::1]',
  'https://[::ffff:127.0.0.1]',
  'ftp://images.example',
  'images.example',
])('%s is refused', async (url) => {
  await expect(guardedAddresses(url, to('93.184.216.34'))).rejects.toMatchObject({ code: 'ADDRESS_REFUSED' });
});

test.each([
  '127.0.0.1',
  '169.254.169.254',
  '10.0.0.1',
  '100.64.0.1',
  '0.0.0.0',
  '::1',
  'fe80::1',
  'fd00::1',
  '::ffff:10.0.0.1',
  '64:ff9b::7f00:1',
  '2002:7f00:1::',
  '224.0.0.1',
  'no address',
])('a name is refused when one of its addresses is %s', async (address) => {
  const rules = to('93.184.216.34', address);
  await expect(guardedAddresses('https://images.example', rules)).rejects.toMatchObject({ code: 'ADDRESS_REFUSED' });
});

test('a public name gives its addresses; loopback and private ones when that is allowed; http on loopback only', async () => {
  expect(await guardedAddresses('https://images.example:8443', to('93.184.216.34'))).toEqual(['93.184.216.34']);
  const inside = { ...to('10.1.2.3'), allowPrivate: true };
  expect(await guardedAddresses('https://images.example', inside)).toEqual(['10.1.2.3']);
  await expect(guardedAddresses('http://images.example', inside)).rejects.toMatchObject({ code: 'ADDRESS_REFUSED' });
  const here = { ...to('127.0.0.1'), allowLoopback: true };
  expect(await guardedAddresses('http://localhost:7101', here)).toEqual(['127.0.0.1']);
  expect(await guardedAddresses('http://127.0.0.1:7101', here)).toEqual(['127.0.0.1']);
});

test('a name that does not resolve says so', async () => {
  const none = { resolve: async () => Promise.reject(new Error('ENOTFOUND')) };
  await expect(guardedAddresses('https://images.example', none)).rejects.toMatchObject({ info: { rule: 'dns' } });
  await expect(guardedAddresses('https://images.example', to())).rejects.toMatchObject({ info: { rule: 'dns' } });
});
