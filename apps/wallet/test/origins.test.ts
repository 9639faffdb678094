// The app asks only addresses that something she did leads to.
import { expect, test } from 'vitest';
import { createOrigins } from '../src/model/origins.js';

test('only allowed origins are asked, whatever an address is made to look like', async () => {
  const sent: string[] = [];
  const origins = createOrigins((url) => {
    sent.push(url);
    return Promise.resolve(new Response());
  });
  origins.allow('https://gateway.example/v1');
  await origins.fetch('https://gateway.example/other', {});
  for (const url of [
    'https://elsewhere.example/v1',
    'http://gateway.example/v1',
    'https://gateway.example:8443/v1',
    'https://gateway.example@elsewhere.example/v1',
    'https://gateway.example.elsewhere.example/',
    'data:text/plain,gateway.example',
    '/v1',
  ])
    await expect(origins.fetch(url, {})).rejects.toThrow(TypeError);
  expect(sent).toEqual(['https://gateway.example/other']);
});
