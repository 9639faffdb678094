import { expect, test } from 'vitest';
import { createSlots } from '../src/slots.js';

/** A work that ends when it is told to. */
function heldWork(log: string[], name: string) {
  let end: (error?: Error) => void = () => undefined;
  const ended = new Promise<void>((resolve, reject) => {
    end = (error) => (error === undefined ? resolve() : reject(error));
  });
  const work = async (): Promise<string> => {
    log.push(name);
    await ended;
    return name;
  };
  return { work, end };
}

test('two at a time, the others in their order; one that fails makes room as well', async () => {
  const slots = createSlots(2);
  const begun: string[] = [];
  const works = ['a', 'b', 'c', 'd'].map((name) => heldWork(begun, name));
  const [a, b, c, d] = works.map(({ work }) => slots(work)) as [
    Promise<string>,
    Promise<string>,
    Promise<string>,
    Promise<string>,
  ];
  expect(begun).toEqual(['a', 'b']);
  works[1]?.end(new Error('broken off'));
  await expect(b).rejects.toThrow('broken off');
  expect(begun).toEqual(['a', 'b', 'c']);
  works[0]?.end();
  await a;
  const late = heldWork(begun, 'e');
  const e = slots(late.work);
  expect(begun).toEqual(['a', 'b', 'c', 'd']);
  for (const { end } of [...works, late]) end();
  expect(await Promise.all([c, d, e])).toEqual(['c', 'd', 'e']);
  expect(begun).toEqual(['a', 'b', 'c', 'd', 'e']);
});
