// What is on paper works without the phone and without any link: it says where the app is, and when the paper was made.
import { expect, test } from 'vitest';
import { addressOf, cardLines } from '../src/model/papers.js';
import { LANGUAGES, loadTexts } from '../src/texts/index.js';

const ADDRESS = 'https://images.example/app/';

test('the address is what can be typed, without what a link brought', () => {
  expect(addressOf(new URL('https://images.example/app/?from=sheet#i=secret') as unknown as Location)).toBe(ADDRESS);
});

test.each(Object.keys(LANGUAGES))(
  'sheet and cards say where the app is and when they were made: %s',
  async (language) => {
    const texts = await loadTexts([language]);
    const sheet = texts.sheet.paper(ADDRESS, '29 November 2026');
    expect(sheet).toContain(ADDRESS);
    expect(sheet).toContain('29 November 2026');
    const card = cardLines(texts, { who: ' Anna, 030 1234 ', address: ADDRESS, made: '29 November 2026' }).join('\n');
    expect(card).toContain('Anna, 030 1234');
    expect(card).toContain(ADDRESS);
    expect(card).toContain('29 November 2026');
    expect(cardLines(texts, { who: ' ', address: ADDRESS, made: '' })[0]).toContain(texts.helpers.someone);
  },
);
