import { describe, expect, test } from 'vitest';
import { ExperimentError } from '../../src/experiments/errors.js';
import { parseScenario, SCENARIO_BYTES_MAX } from '../../src/experiments/scenario-file.js';
import { shippedScenario, shippedScenarios } from '../../src/experiments/shipped.js';

const SELECTION = {
  format: 'radledger/scenario/1',
  title: 'A test',
  kind: 'selection',
  seed: 1,
  sources: 3,
  stake: { distribution: 'equal', studies: 10 },
  views: 100,
};

const bytesOf = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

function refusal(bytes: Uint8Array): { readonly code: string; readonly message: string } {
  try {
    parseScenario(bytes);
  } catch (error) {
    if (error instanceof ExperimentError) return { code: error.code, message: error.message };
    throw error;
  }
  return { code: 'none', message: '' };
}

test('defaults are filled in', () => {
  expect(parseScenario(bytesOf(SELECTION))).toMatchObject({ viewsPerEpoch: 720 });
});

test.each(shippedScenarios())('shipped: %s reads, and reads back what it says', (name) => {
  const scenario = shippedScenario(name);
  expect(parseScenario(bytesOf(scenario))).toEqual(scenario);
});

test('there is no shipped scenario by a path', () => {
  for (const name of ['../package', 'constructor', '']) {
    expect(() => shippedScenario(name)).toThrow(/^SCENARIO_UNKNOWN: expected one of /);
  }
});

describe('bytes that are no scenario', () => {
  test.each([
    ['nothing', new Uint8Array()],
    ['no JSON', bytesOf('x').subarray(1)],
    ['no UTF-8', Uint8Array.of(0x22, 0xff, 0x22)],
    ['half', bytesOf(SELECTION).subarray(0, 30)],
  ])('%s', (_, bytes) => {
    expect(refusal(bytes)).toEqual({ code: 'SCENARIO_NOT_JSON', message: expect.stringContaining('one JSON object') });
  });

  test('too many bytes are not even parsed', () => {
    const bytes = new Uint8Array(SCENARIO_BYTES_MAX + 1).fill(0x5b);
    expect(refusal(bytes)).toMatchObject({ code: 'SCENARIO_TOO_LARGE' });
  });

  test('a hundred thousand brackets', () => {
    const deep = new TextEncoder().encode(`${'['.repeat(100_000)}${']'.repeat(100_000)}`);
    expect(refusal(deep)).toMatchObject({ code: 'SCENARIO_INVALID' });
  });
});

describe('wrong fields: the path and what would be right', () => {
  test.each([
    [{ format: 'radledger/scenario/2' }, /^format: .*radledger\/scenario\/1/],
    [{ kind: 'other' }, /^kind: /],
    [{ seed: -1 }, /^seed: .*0/],
    [{ seed: 1.5 }, /^seed: .*int/],
    [{ seed: 2 ** 32 }, /^seed: .*4294967295/],
    [{ title: '' }, /^title: /],
    [{ title: 'x'.repeat(101) }, /^title: .*100/],
    [{ sources: 1e9 }, /^sources: .*20000/],
    [{ sources: '3' }, /^sources: .*number/],
    [{ views: 0 }, /^views: .*1/],
    [{ wiews: 100 }, /wiews/],
    [{ stake: { distribution: 'normal' } }, /^stake\.distribution: /],
    [{ stake: { distribution: 'lognormal', medianStudies: 5, sigma: 1e308 } }, /^stake\.sigma: .*4/],
    [{ stake: { distribution: 'list', studies: [1, 2] } }, /^stake\.studies: expected 3 numbers/],
    [{ stake: { distribution: 'list', studies: [0, 0, 0] } }, /^stake\.studies: expected at least one/],
    [{ stake: { distribution: 'list', studies: [1, -2, 3] } }, /^stake\.studies\[1\]: /],
  ])('%j', (change, message) => {
    const { code, message: said } = refusal(bytesOf({ ...SELECTION, ...change }));
    expect(code).toBe('SCENARIO_INVALID');
    expect(said.slice('SCENARIO_INVALID: '.length)).toMatch(message);
  });

  test('a key that every object has is still unknown', () => {
    const text = JSON.stringify(SELECTION).replace('{', '{"__proto__":{"views":5},');
    expect(refusal(new TextEncoder().encode(text))).toMatchObject({ code: 'SCENARIO_INVALID' });
  });

  test.each([[null], [[]], ['text'], [7]])('%j instead of an object', (value) => {
    expect(refusal(bytesOf(value))).toMatchObject({ code: 'SCENARIO_INVALID' });
  });
});
