// Runs on the real ledger, and that each of its checks notices what breaks it.
import {
  cellKey,
  cellPrefix,
  decodeCountedCell,
  decodeDutiesCell,
  decodeDutyCell,
  decodeEpochCell,
  DEFAULT_PARAMETERS,
  encodeAbsentCell,
  encodeDutiesCell,
  encodeDutyCell,
  sourceOfCellName,
} from '@radledger/chain';
import { simplex } from '@radledger/consensus-simplex';
import { equalBytes, toHex } from '@radledger/primitives';
import type { LedgerStore } from '@radledger/storage';
import { beforeAll, describe, expect, test } from 'vitest';
import { Prng, quietScenario } from '../../src/index.js';
import { type Closed, checkAccounts } from '../../src/ledger/accounts.js';
import { LedgerChain, SMALL_MEMPOOL } from '../../src/ledger/ledger-chain.js';
import { type LedgerWorld, openLedgerWorld, openMemoryStore } from '../../src/ledger/ledger-world.js';
import { checkOneState } from '../../src/ledger/one-state.js';
import { simulateLedger } from '../../src/ledger/simulate-ledger.js';
import { Run } from '../../src/run.js';
import { runSweptSeed } from '../../src/run-seed.js';
import { simplexPlug } from '../../src/simplex/plug.js';

test('five seeds on the real ledger: no violation, and two runs of a seed are one', async () => {
  for (const seed of [50, 100, 150, 200, 250]) {
    const { violation, traceHash } = await runSweptSeed(simplexPlug, seed);
    expect(violation, `seed ${seed}`).toBeUndefined();
    if (seed === 100) expect((await simulateLedger(simplexPlug, seed)).traceHash).toBe(traceHash);
  }
}, 120_000);

const parameters = { ...DEFAULT_PARAMETERS, epochHeights: 4, targetIntervalMs: 100, minimumIntervalMs: 0 };

async function played(): Promise<{ readonly world: LedgerWorld; readonly run: Run }> {
  const ending = { kind: 'height', height: 18, withinMs: 60_000 } as const;
  const scenario = quietScenario({ weights: [1000n, 1000n, 1000n, 1000n], parameters, ending });
  const world = await openLedgerWorld(scenario, new Prng(1), { seed: 1, module: simplex });
  const plain = { behaviours: [], watchers: [], invariants: [], syncsDisk: true, sharesClaims: true };
  const run = new Run({ ...plain, prng: new Prng(1), module: world.module, scenario, world });
  for (const underWay of run.play()) await underWay;
  return { world, run };
}

describe('a check notices', () => {
  let world: LedgerWorld;
  let run: Run;
  let store: LedgerStore;
  let epoch: number;
  beforeAll(async () => {
    ({ world, run } = await played());
    store = world.stores[0] as LedgerStore;
    epoch = Math.floor((store.tip?.height ?? 0) / parameters.epochHeights) - 1;
  }, 60_000);

  /** The store, but for one cell. */
  const altered = (name: Uint8Array, change: (value: Uint8Array | undefined) => Uint8Array): LedgerStore => {
    const isIt = (other: Uint8Array): boolean => equalBytes(name, other);
    return {
      getMany: async (names: readonly Uint8Array[]) => {
        const values = await store.getMany(names);
        return values.map((value, index) => (isIt(names[index] as Uint8Array) ? change(value) : value));
      },
      scan: async (prefix: Uint8Array) => {
        const found = await store.scan(prefix);
        return found.map(([other, value]) => [other, isIt(other) ? change(value) : value] as const);
      },
    } as unknown as LedgerStore;
  };
  /** What the boundary before would have left, had it counted what this one counts. */
  const before = async (): Promise<Closed> => {
    const [next] = await store.getMany([cellKey.epoch(epoch + 1)]);
    const found = await store.scan(cellPrefix.counted);
    const counted = found.map(([name, value]) => {
      return [toHex(sourceOfCellName(name) as Uint8Array), decodeCountedCell(value).counted] as const;
    });
    const { members } = decodeEpochCell(next as Uint8Array);
    return { chosen: members, counted: new Map(counted), absent: new Set() };
  };
  const accounts = async (of: LedgerStore, changes: Partial<Closed> = {}): Promise<Closed> =>
    checkAccounts(of, parameters, { epoch, before: { ...(await before()), ...changes } });
  const anyMember = () => world.genesis.members[0] as (typeof world.genesis.members)[0];

  test('nothing, when all is well', async () => {
    await expect(accounts(store)).resolves.toBeDefined();
    await expect(checkOneState(world, run.agreed())).resolves.toBeUndefined();
    expect(run.agreed().flatMap(({ block }) => block.body.transactions).length).toBeGreaterThanOrEqual(8);
  }, 60_000);

  test('I8: a view that no leaf counts', async () => {
    const changed = altered(cellKey.duties(epoch), (value) => {
      const account = decodeDutiesCell(value as Uint8Array);
      return encodeDutiesCell({ ...account, settled: account.settled + 1 });
    });
    await expect(accounts(changed)).rejects.toThrow('I8');
  });

  test('I10: a record that says better than it counts', async () => {
    const changed = altered(cellKey.duty(anyMember().source), (value) =>
      encodeDutyCell({ ...decodeDutyCell(value as Uint8Array), reliability: 9_999 }),
    );
    await expect(accounts(changed)).rejects.toThrow('I10');
  });

  test('I12: members that changed after they were chosen', async () => {
    const { chosen } = await before();
    const others = chosen.map((member) => ({ ...member, weight: member.weight + 1n }));
    await expect(accounts(store, { chosen: others })).rejects.toThrow('I12');
  });

  test('I12: weight that enters faster than churn allows', async () => {
    const counted = new Map([...(await before()).counted.keys()].map((source) => [source, 1n]));
    await expect(accounts(store, { counted })).rejects.toThrow('I12');
  });

  test('I18: more than a tenth of the weight left out at once', async () => {
    const { source, weight } = anyMember();
    const changed = altered(cellKey.absent(epoch + 2), () => encodeAbsentCell({ sources: [{ source, weight }] }));
    await expect(accounts(changed)).rejects.toThrow('I18');
  });

  test('I13: a final block with another state', async () => {
    const chain = run.agreed().map((entry, index) => {
      if (index !== 9) return entry;
      const header = { ...entry.block.header, stateRoot: new Uint8Array(32) };
      return { ...entry, block: { ...entry.block, header } };
    });
    await expect(checkOneState(world, chain)).rejects.toThrow('I13');
  }, 60_000);

  test('I15: a mempool above its bounds', async () => {
    const mempoolLimits = { ...SMALL_MEMPOOL, lanes: { ...SMALL_MEMPOOL.lanes } };
    const { ledgerGenesis: genesis, module } = world;
    const fresh = await openMemoryStore(world.genesis.chainId);
    const chain = new LedgerChain({ genesis, module, store: fresh, mempoolLimits, now: () => 50 });
    await chain.open();
    const first = world.submissions[0] as (typeof world.submissions)[0];
    expect(await chain.submit(first.bytes)).toBe(true);
    const none = { countMax: 0, bytesMax: 0 };
    mempoolLimits.lanes = { revoke: none, allow: none, study: none, source: none, rest: none };
    await expect(chain.finalize([])).rejects.toThrow('I15');
  });
});
