import { expect, test } from 'vitest';
import { Pace } from '../src/viewer/pace.js';

/** Work that ends when the test says so; notes what was begun, finished and left. */
function steps() {
  const notes: string[] = [];
  let end = (): void => undefined;
  const pace = new Pace<number>(
    (target, signal) =>
      new Promise((resolve) => {
        notes.push(`begin ${target}`);
        end = () => {
          end = () => undefined;
          notes.push(`${signal.aborted ? 'left' : 'done'} ${target}`);
          resolve();
        };
        signal.addEventListener('abort', () => end());
      }),
    (doing, wanted) => Math.abs(doing - wanted) <= 4,
  );
  const finish = async (): Promise<void> => {
    end();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { notes, pace, finish };
}

test('a key that is held: what was begun is finished, then comes the newest', async () => {
  const { notes, pace, finish } = steps();
  for (const target of [0, 1, 2, 3]) pace.want(target);
  await finish();
  await finish();
  expect(notes).toEqual(['begin 0', 'done 0', 'begin 3', 'done 3']);
  pace.want(4);
  await finish();
  expect(notes.slice(4)).toEqual(['begin 4', 'done 4']);
});

test('a jump leaves what was begun', async () => {
  const { notes, pace, finish } = steps();
  pace.want(0);
  pace.want(300);
  await finish();
  await finish();
  expect(notes).toEqual(['begin 0', 'left 0', 'begin 300', 'done 300']);
});

test('closed, it leaves what was begun, begins nothing, and says when it has ended', async () => {
  const { notes, pace } = steps();
  pace.want(0);
  pace.want(1);
  await pace.close();
  expect(notes).toEqual(['begin 0', 'left 0']);
});
