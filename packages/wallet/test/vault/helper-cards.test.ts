import { randomBytes } from '@radledger/primitives';
import { expect, test } from 'vitest';
import { wordsOf, wordsOfHelperCards } from '../../src/index.js';
import { makeHelperCards } from '../../src/vault/helper-cards.js';

const entropy = randomBytes(16);

test('any two of three cards give the words back, and so do all three', async () => {
  const [first, second, third] = await makeHelperCards(entropy);
  for (const cards of [
    [first, second],
    [second, first],
    [first, third],
    [third, second],
    [first, second, third],
  ]) {
    expect(await wordsOfHelperCards(cards)).toBe(wordsOf(entropy));
  }
  expect(first.split(' ')).toHaveLength(16);
  expect(await wordsOfHelperCards([` ${first.toUpperCase()}\n`, second.replaceAll(' ', '  ')])).toBe(wordsOf(entropy));
});

test('what is not two good cards of one set is refused, each by its rule', async () => {
  const [first, second] = await makeHelperCards(entropy);
  const [foreign] = await makeHelperCards(entropy);
  const swapped = first.split(' ').reverse().join(' ');
  const refused = async (cards: readonly string[], rule: string) => {
    await expect(wordsOfHelperCards(cards)).rejects.toMatchObject({ info: { code: 'CARD_INVALID', rule } });
  };
  await refused([first], 'count');
  await refused([first, first], 'same-card');
  await refused([first, foreign], 'other-set');
  await refused([swapped, second], 'check');
  await refused([first.split(' ').slice(1).join(' '), second], 'words');
  await refused([`${first.slice(0, first.lastIndexOf(' '))} notaword`, second], 'words');
});

test('a card tells nothing: over many sets, one share takes every value', async () => {
  const seen = new Set<string>();
  for (let set = 0; set < 40; set++) seen.add((await makeHelperCards(entropy))[0]);
  expect(seen.size).toBe(40);
});
