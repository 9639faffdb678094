// What a patient can see or hear, in every language: no technical word, no text missing, a help code for everything that goes wrong.
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { TROUBLES } from '../src/model/trouble.js';
import { en } from '../src/texts/en.js';
import { forbiddenIn, LANGUAGES, loadTexts } from '../src/texts/index.js';

/** Every text, functions called with something plain. */
function textsOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  if (typeof value === 'function') return [String((value as (...inputs: unknown[]) => unknown)(2, 'Maya', 'Monday'))];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsOf) : [];
}

test.each(Object.keys(LANGUAGES))('%s holds every text and no forbidden word', async (language) => {
  const texts = await loadTexts([language]);
  const pattern = await forbiddenIn(language);
  expect(texts.locale).toBe(language);
  expect(textsOf(texts)).toHaveLength(textsOf(en).length);
  expect(textsOf(texts).filter((text) => text.match(pattern) !== null)).toEqual([]);
});

test.each([
  [
    'en',
    'Keys, hashes, hashed, signing, nodes, tokens, encryption, encrypts, seeds, blocks, UIDs, endpoints',
    'a keyhole, a signpost, a designer, a hashtag, seedless',
  ],
  [
    'de',
    'Schlüssel, Schlüsseln, Blöcke, Knotens, verschlüsselt, Verschlüsselung, Hashwerte, signierte, Tokens, Endpunkte',
    'Schlüsselbein, Kettenbruch, Blockade',
  ],
])('forbidden words of %s are found with their endings, and not within others', async (language, bad, good) => {
  const pattern = await forbiddenIn(language);
  expect(bad.match(pattern)).toEqual(bad.split(', '));
  expect(good.match(pattern)).toBeNull();
});

test('a further language is one file, found by its name', async () => {
  const languages = { ...LANGUAGES, eo: async () => ({ eo: { ...en, locale: 'eo' }, forbidden: ['ĉenoj?'] }) };
  expect((await loadTexts(['eo-FR', 'de'], languages)).locale).toBe('eo');
  expect((await loadTexts(['eo-FR', 'de'])).locale).toBe('de');
  expect((await loadTexts(['fr'], languages)).locale).toBe('en');
  expect('La ĉenoj kaj ĉenero'.match(await forbiddenIn('eo', languages))).toEqual(['ĉenoj']);
});

test('help codes differ, and the help desk has a line for each', async () => {
  const codes = Object.values(TROUBLES).map(({ helpCode }) => helpCode);
  expect(new Set(codes).size).toBe(codes.length);
  const guide = await readFile(new URL('../../../docs/guides/help-desk.md', import.meta.url), 'utf8');
  expect([...guide.matchAll(/^\| ([A-Z0-9]{4}) \|/gm)].map(([, code]) => code).sort()).toEqual([...codes].sort());
});
