// What a patient can see or hear, in every language: no technical word, no text missing, a help code for everything that goes wrong.
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { TROUBLES } from '../src/model/trouble.js';
import { de } from '../src/texts/de.js';
import { en } from '../src/texts/en.js';

const forbidden = JSON.parse(await readFile(new URL('../forbidden-words.json', import.meta.url), 'utf8')) as Record<
  string,
  readonly string[]
>;

/** Every text, functions called with something plain. */
function textsOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  if (typeof value === 'function') return [String((value as (...inputs: unknown[]) => unknown)(2, 'Maya', 'Monday'))];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsOf) : [];
}

test.each(Object.entries({ en, de }))('%s holds no forbidden word', (language, texts) => {
  const pattern = new RegExp(`(?<![\\p{L}])(${forbidden[language]?.join('|')})(?![\\p{L}])`, 'iu');
  expect(textsOf(texts).length).toBeGreaterThan(100);
  expect(textsOf(texts).filter((text) => pattern.test(text))).toEqual([]);
});

test('a forbidden word would be found', () => {
  const pattern = new RegExp(`(?<![\\p{L}])(${forbidden['de']?.join('|')})(?![\\p{L}])`, 'iu');
  expect(pattern.test('Ihr Schlüssel ist sicher.')).toBe(true);
  expect(pattern.test('Schlüsselbein')).toBe(false);
});

test('help codes differ, and the help desk has a line for each', async () => {
  const codes = Object.values(TROUBLES).map(({ helpCode }) => helpCode);
  expect(new Set(codes).size).toBe(codes.length);
  const guide = await readFile(new URL('../../../docs/guides/help-desk.md', import.meta.url), 'utf8');
  expect([...guide.matchAll(/^\| ([A-Z0-9]{4}) \|/gm)].map(([, code]) => code).sort()).toEqual([...codes].sort());
});
