import { DEFAULT_PARAMETERS } from '@radledger/chain';
import { hash } from '@radledger/primitives';
import { expect, test, vi } from 'vitest';
import { createHost, type HostPorts } from '../src/host/index.js';
import {
  ConsensusError,
  type ConsensusReport,
  type ConsensusModule,
  decodeSignRecord,
  type Effect,
  type EpochContext,
  encodeSignRecord,
  type Input,
  type SignRecord,
} from '../src/index.js';

const chainId = hash('test/chain');
const epochOf = (epoch: number): EpochContext => ({
  epoch,
  seed: chainId,
  leaders: [],
  committee: [],
  committeeRoot: chainId,
  totalWeight: 1n,
});
const header = {
  format: 1,
  chainId,
  height: 0,
  parentId: chainId,
  timestampMs: 0,
  proposer: chainId,
  transactionRoot: chainId,
  stateRoot: chainId,
  dutyRoot: chainId,
  bodyBytes: 0,
  sealKind: 0,
  sealBytes: new Uint8Array(),
} as const;
const record: SignRecord = { kind: 1, epoch: 5, view: 7, bytes: Uint8Array.of(1, 2), support: [Uint8Array.of(3)] };

/** A module that does what the test says and remembers what it was told. */
function scripted(
  effectsOf: (input: Input) => readonly Effect[],
  epoch: (bytes: Uint8Array) => number | undefined = () => 5,
): { module: ConsensusModule; inputs: Input[] } {
  const inputs: Input[] = [];
  const module = {
    id: 'scripted/1',
    sealKind: 1,
    caps: { finality: 'instant', reorganises: false, dutyEvidence: 'none' },
    create: () => ({
      step(input: Input) {
        inputs.push(input);
        return effectsOf(input);
      },
      status: () => ({ epoch: 5, view: 1, finalizedHeight: 0, voting: { allowed: true } }),
      neededRecords: () => [record],
    }),
    claims: (bytes: Uint8Array) => {
      if (bytes.length === 0) throw new ConsensusError({ code: 'MALFORMED_MESSAGE' }, 'expected bytes');
      return { epoch: epoch(bytes), claims: [{ key: chainId, message: bytes, signature: bytes }] };
    },
  } as unknown as ConsensusModule;
  return { module, inputs };
}

function portsOf(over: Partial<HostPorts>): HostPorts {
  const unused = (): never => {
    throw new Error('not expected');
  };
  return {
    now: () => 1_000,
    setTimer: unused,
    cancelTimer: unused,
    send: unused,
    broadcast: unused,
    verifyClaims: () => true,
    verifyVrf: unused,
    sign: unused,
    prove: unused,
    signLog: { append: unused },
    build: unused,
    verifyBlock: unused,
    adopt: unused,
    finalize: unused,
    epoch: unused,
    behind: unused,
    evidence: unused,
    report: unused,
    failed: unused,
    ...over,
  };
}

function settledLater<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

function started(module: ConsensusModule, ports: HostPorts): ReturnType<typeof createHost> {
  const host = createHost({ module, context: { chainId, parameters: DEFAULT_PARAMETERS, identity: undefined }, ports });
  host.start({
    finalized: { header, proof: new Uint8Array(), epoch: epochOf(5) },
    signLog: { state: 'present', records: [] },
  });
  return host;
}

test('R7: nothing is signed before the record is on disk', async () => {
  const { module, inputs } = scripted((input) => (input.type === 'timer' ? [{ type: 'sign', record }] : []));
  const onDisk = settledLater<void>();
  const append = vi.fn((_: Uint8Array) => onDisk.promise);
  const sign = vi.fn(() => Uint8Array.of(9));
  const host = started(module, portsOf({ signLog: { append }, sign }));
  host.timer('vote');
  await Promise.resolve();
  expect(append).toHaveBeenCalledOnce();
  expect(decodeSignRecord(append.mock.calls[0]?.[0] as Uint8Array)).toEqual(record);
  expect(sign).not.toHaveBeenCalled();
  onDisk.resolve();
  await onDisk.promise;
  expect(sign).toHaveBeenCalledOnce();
  expect(inputs.at(-1)).toEqual({ type: 'signed', now: 1_000, record, signature: Uint8Array.of(9) });
});

test('R7: a disk that fails stops the node, unsigned', async () => {
  const { module } = scripted((input) => (input.type === 'timer' ? [{ type: 'sign', record }] : []));
  const failed = settledLater<unknown>();
  const host = started(
    module,
    portsOf({ signLog: { append: () => Promise.reject(new Error('disk full')) }, failed: failed.resolve }),
  );
  host.timer('vote');
  expect(await failed.promise).toEqual(new Error('disk full'));
});

test('R7: a record that the log holds is signed again without another copy, and counts for the next rewrite', () => {
  const large = { ...record, support: [new Uint8Array(33 * 1024 * 1024)] };
  const { module } = scripted((input) =>
    input.type === 'start'
      ? [{ type: 'sign', record: large }]
      : input.type === 'timer'
        ? [{ type: 'finalize', blocks: [{ block: { header: { ...header, height: 1 } } as never, proof: chainId }] }]
        : [],
  );
  const sign = vi.fn(() => Uint8Array.of(9));
  const rewrite = vi.fn((_: readonly Uint8Array[]) => {});
  const append = vi.fn();
  const ports = portsOf({ sign, signLog: { append, rewrite }, finalize: () => {} });
  const host = createHost({ module, context: { chainId, parameters: DEFAULT_PARAMETERS, identity: undefined }, ports });
  host.start({
    finalized: { header, proof: new Uint8Array(), epoch: epochOf(5) },
    signLog: { state: 'present', records: [large] },
  });
  expect(sign).toHaveBeenCalledOnce();
  expect(append).not.toHaveBeenCalled();
  host.timer('finalize');
  expect(rewrite.mock.calls.map(([records]) => records.map(decodeSignRecord))).toEqual([[record]]);
});

test('a message reaches the module only with signatures that hold, verified once', async () => {
  const { module, inputs } = scripted(() => []);
  const report = vi.fn((_: ConsensusReport) => {});
  const verifyClaims = vi.fn((claims: readonly { readonly message: Uint8Array }[]) =>
    claims.every(({ message }) => message[0] !== 0),
  );
  const host = started(module, portsOf({ verifyClaims, report }));
  await host.message('peer', Uint8Array.of(0));
  await host.message('peer', new Uint8Array());
  expect(report.mock.calls.map(([{ code }]) => code)).toEqual(['BAD_SIGNATURE', 'MALFORMED_MESSAGE']);
  await host.message('peer', Uint8Array.of(1));
  await host.message('other', Uint8Array.of(1));
  expect(verifyClaims).toHaveBeenCalledTimes(2);
  expect(inputs.filter(({ type }) => type === 'message')).toHaveLength(2);
});

test('older epochs are answered, the next is held until it is known, later ones are reported', async () => {
  const { module, inputs } = scripted(
    () => [],
    (bytes) => bytes[0],
  );
  const report = vi.fn();
  const host = started(module, portsOf({ report }));
  await host.message('peer', Uint8Array.of(4));
  await host.message('peer', Uint8Array.of(6));
  await host.message('peer', Uint8Array.of(9));
  expect(inputs.map(({ type }) => type)).toEqual(['start', 'stale', 'ahead', 'ahead']);
  expect(report).toHaveBeenCalledExactlyOnceWith({ code: 'EPOCH_AHEAD', peer: 'peer', epoch: 9 });
  host.synced({ header: { ...header, height: 3_600 }, proof: new Uint8Array(), epoch: epochOf(6) });
  expect(inputs.at(-1)).toMatchObject({ type: 'message', bytes: Uint8Array.of(6) });
});

test('an epoch that has passed is not entered again: sync was faster than the own commit of its first block', async () => {
  const boundary = { ...header, height: DEFAULT_PARAMETERS.epochHeights };
  const body = { format: 1, justification: new Uint8Array(), transactions: [] } as const;
  const block = { header: boundary, id: chainId, body };
  const { module, inputs } = scripted(
    (input) => (input.type === 'timer' ? [{ type: 'finalize', blocks: [{ block, proof: new Uint8Array() }] }] : []),
    ([epoch]) => epoch,
  );
  const onDisk = settledLater<void>();
  const host = started(module, portsOf({ finalize: () => onDisk.promise, epoch: (number) => epochOf(number) }));
  host.timer('final');
  const further = { ...header, height: 7 * DEFAULT_PARAMETERS.epochHeights };
  host.synced({ header: further, proof: new Uint8Array(), epoch: epochOf(7) });
  onDisk.resolve();
  await onDisk.promise;
  expect(inputs.at(-1)).toEqual({ type: 'committed', now: 1_000, height: boundary.height });
  // The host goes on in the epoch in which the module is.
  await host.message('peer', Uint8Array.of(7));
  expect(inputs.at(-1)).toMatchObject({ type: 'message', peer: 'peer' });
});

test('an epoch that sync reached first is still told with the own commit: the module may have waited for that', async () => {
  const boundary = { ...header, height: DEFAULT_PARAMETERS.epochHeights };
  const block = {
    header: boundary,
    id: chainId,
    body: { format: 1, justification: new Uint8Array(), transactions: [] },
  };
  const { module, inputs } = scripted((input) =>
    input.type === 'timer' ? [{ type: 'finalize', blocks: [{ block: block, proof: new Uint8Array() }] }] : [],
  );
  const onDisk = settledLater<void>();
  const host = createHost({
    module,
    context: { chainId, parameters: DEFAULT_PARAMETERS, identity: undefined },
    ports: portsOf({ finalize: () => onDisk.promise, epoch: (number) => epochOf(number) }),
  });
  host.start({
    finalized: { header, proof: new Uint8Array(), epoch: epochOf(0) },
    signLog: { state: 'present', records: [] },
  });
  host.timer('final');
  host.synced({ header: boundary, proof: new Uint8Array(), epoch: epochOf(1), previousEpoch: epochOf(0) });
  onDisk.resolve();
  await onDisk.promise;
  const next = { header: boundary, proof: new Uint8Array(), epoch: epochOf(1), previousEpoch: epochOf(0) };
  expect(inputs.at(-1)).toEqual({ type: 'committed', now: 1_000, height: boundary.height, next });
});

test('what sync read before this node went on itself does not bring it back', () => {
  const { module, inputs } = scripted(() => []);
  const host = started(module, portsOf({}));
  host.synced({ header, proof: new Uint8Array(), epoch: epochOf(4) });
  expect(inputs.map(({ type }) => type)).toEqual(['start']);
});

test('a stopped host does nothing', () => {
  const { module, inputs } = scripted(() => []);
  const host = started(module, portsOf({}));
  host.stop();
  host.timer('late');
  host.pendingTransactions(true);
  expect(inputs).toHaveLength(1);
});

test('sign records: what is written is what is read, anything else is refused', () => {
  expect(decodeSignRecord(encodeSignRecord(record))).toEqual(record);
  expect(() => decodeSignRecord(Uint8Array.of(0x90))).toThrow(
    expect.objectContaining({ code: 'MALFORMED_SIGN_RECORD' }),
  );
});

test('a message of the epoch before is verified and handed on for evidence alone; an older one is not', async () => {
  const { module, inputs } = scripted(
    () => [],
    (bytes) => bytes[0],
  );
  const verifyClaims = vi.fn(() => true);
  const host = createHost({
    module,
    context: { chainId, parameters: DEFAULT_PARAMETERS, identity: undefined },
    ports: portsOf({ verifyClaims }),
  });
  const finalized = { header, proof: new Uint8Array(), epoch: epochOf(5), previousEpoch: epochOf(4) };
  host.start({ finalized, signLog: { state: 'present', records: [] } });
  inputs.length = 0;
  await host.message('peer', Uint8Array.of(3));
  expect(inputs.map(({ type }) => type)).toEqual(['stale']);
  expect(verifyClaims).not.toHaveBeenCalled();
  await host.message('peer', Uint8Array.of(4));
  expect(inputs.slice(1)).toMatchObject([{ type: 'stale' }, { type: 'earlier', bytes: Uint8Array.of(4) }]);
  expect(verifyClaims).toHaveBeenCalledOnce();
});
