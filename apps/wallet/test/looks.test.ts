// Who looked, when a hospital does not tell, tells no more, or tells what does not hold.
import { ClientError } from '@radledger/client';
import { toHex } from '@radledger/primitives';
import { type ReadingView, WalletError } from '@radledger/wallet';
import { afterEach, expect, test, vi } from 'vitest';
import type { Study } from '../src/model/shelf.js';
import { sessionOn } from './session-on.js';

afterEach(() => vi.unstubAllGlobals());

const studyOf = (byte: number, state: Study['state'] = 'ready'): Study => {
  const studyId = new Uint8Array(32).fill(byte);
  return { id: toHex(studyId), studyId, hospital: 'City Hospital', label: `CT ${byte}`, state, actsFor: undefined };
};
const READING: ReadingView = {
  atMs: 1,
  reader: new Uint8Array(32).fill(9),
  part: 'file-set',
  basis: 'owner',
  outcome: 'success',
  bytes: 1,
  readings: 1,
};

/** @param answers - of each study's hospital, by the first byte of its id */
async function looksOf(answers: Readonly<Record<number, Error | readonly ReadingView[]>>, isOnline = true) {
  vi.stubGlobal('navigator', { onLine: isOnline });
  const whoLooked = ([byte = 0]: Uint8Array): Promise<unknown> => {
    const answer = answers[byte];
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  };
  const profiles = { wallet: () => ({ whoLooked, noteReadingsSeen: () => Promise.resolve() }) };
  const session = await sessionOn(profiles);
  await session.prepare();
  return session.looks(Object.keys(answers).map((byte) => studyOf(Number(byte))));
}

test('a list that does not hold is told as that, and keeps none of the others from being shown', async () => {
  const { looks, untold } = await looksOf({
    1: [READING],
    2: new WalletError({ code: 'ANSWER_INVALID', reason: 'SIGNATURE_INVALID' }, ''),
    3: new ClientError({ code: 'UNREACHABLE' }, ''),
    4: new ClientError({ code: 'REFUSED', status: 404, reason: 'STUDY_UNKNOWN' }, ''),
  });
  expect(looks.map(({ study }) => study.label)).toEqual(['CT 1']);
  expect(untold.map(({ study, trouble }) => [study.label, trouble])).toEqual([
    ['CT 2', 'answerWrong'],
    ['CT 3', 'noAnswer'],
    ['CT 4', 'imagesGone'],
  ]);
});

test('no hospital is blamed for a phone without internet', async () => {
  const { untold } = await looksOf({ 3: new ClientError({ code: 'UNREACHABLE' }, '') }, false);
  expect(untold.map(({ trouble }) => trouble)).toEqual(['offline']);
});
