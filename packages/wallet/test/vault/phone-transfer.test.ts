import { expect, test } from 'vitest';
import { createPhoneOffer, generateEntropy, readPhoneOffer, wordsOf } from '../../src/index.js';

const profiles = [
  { name: '', words: wordsOf(generateEntropy()) },
  { name: 'Maya', words: wordsOf(generateEntropy()) },
];

test('the words come over, and both phones show the same four words', async () => {
  const newPhone = await createPhoneOffer();
  const oldPhone = readPhoneOffer(newPhone.offer);
  expect(oldPhone.matchingWords).toBe(newPhone.matchingWords);
  expect(newPhone.matchingWords.split(' ')).toHaveLength(4);
  expect(await newPhone.accept(await oldPhone.answer(profiles))).toEqual(profiles);
});

test('an answer is for one phone alone, and each phone has its own words', async () => {
  const [newPhone, thief] = await Promise.all([createPhoneOffer(), createPhoneOffer()]);
  expect(thief.matchingWords).not.toBe(newPhone.matchingWords);
  const answer = await readPhoneOffer(newPhone.offer).answer(profiles);
  for (const spoiled of [answer.replace(/.$/, (last) => (last === '0' ? '1' : '0')), '', 'zz', newPhone.offer]) {
    await expect(newPhone.accept(spoiled)).rejects.toMatchObject({
      info: { code: 'TRANSFER_INVALID', rule: 'answer' },
    });
  }
  await expect(thief.accept(answer)).rejects.toMatchObject({ code: 'TRANSFER_INVALID' });
});

test('what is no offer is refused', () => {
  for (const text of ['', 'https://example.org', 'AB', 'abandon '.repeat(12)]) {
    expect(() => readPhoneOffer(text)).toThrow(expect.objectContaining({ code: 'TRANSFER_INVALID' }));
  }
});
