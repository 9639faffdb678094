// The browser is asked once to keep what rests here; whatever it answers, the app goes on.
import { expect, test } from 'vitest';
import { keepStored } from '../src/model/keep-stored.js';

/** A browser that keeps already, or not, and answers so when it is asked. */
function browser(isKept: boolean, answer: () => Promise<boolean> = () => Promise.resolve(true)) {
  const asked: number[] = [];
  const persist = (): Promise<boolean> => {
    asked.push(1);
    return answer();
  };
  return { asked, persisted: () => Promise.resolve(isKept), persist };
}

test('asks a browser that does not keep it yet, and none that does', async () => {
  const forgetful = browser(false);
  await keepStored(forgetful);
  expect(forgetful.asked).toHaveLength(1);
  const keeping = browser(true);
  await keepStored(keeping);
  expect(keeping.asked).toHaveLength(0);
});

test('is silent where the browser says no, fails, or does not know the question', async () => {
  await keepStored(browser(false, () => Promise.resolve(false)));
  await keepStored(browser(false, () => Promise.reject(new TypeError('private window'))));
  await keepStored(undefined);
  await keepStored({} as StorageManager);
});
