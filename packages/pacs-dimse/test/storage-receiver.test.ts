// Goal: the receiver takes instances byte for byte from whom it knows, and costs nothing to who is broken, slow or hostile. Method: our own sender, and associations that misbehave.
import { connect } from 'node:net';
import { once } from 'node:events';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { type Association, requestAssociation } from '../src/association.js';
import { FIELD, STATUS } from '../src/command-set.js';
import {
  type IncomingInstance,
  openStorageReceiver,
  type StorageReceiver,
  type StorageReceiverOptions,
} from '../src/index.js';
import { asStored, contextsOf, STUDY_ROOT_FIND, TRANSFER_SYNTAXES, VERIFICATION } from '../src/syntaxes.js';
import { INSTANCE, only, SECONDARY_CAPTURE } from './fake-archive.js';

const opened: StorageReceiver[] = [];
const associations: Association[] = [];
afterEach(async () => {
  for (const association of associations.splice(0)) association.abort();
  for (const receiver of opened.splice(0)) await receiver.close();
});

/** A receiver, and the first failure that it tells. */
async function open(options: Partial<StorageReceiverOptions> = {}) {
  let fail: (error: unknown) => void = () => undefined;
  const failed = new Promise<unknown>((resolve) => {
    fail = resolve;
  });
  const titles = { aeTitle: 'GATEWAY', callers: ['ARCHIVE'] };
  const defaults = { host: '127.0.0.1', port: 0, timeoutMs: 20_000, onFailure: fail };
  const receiver = await openStorageReceiver({ ...titles, ...defaults, ...options });
  opened.push(receiver);
  return { receiver, failed };
}

async function call(
  { port }: StorageReceiver,
  titles: { readonly calledAeTitle?: string; readonly callingAeTitle?: string } = {},
  pairs: Parameters<typeof contextsOf>[0] = asStored(SECONDARY_CAPTURE),
): Promise<Association> {
  const peer = { host: '127.0.0.1', port, calledAeTitle: 'GATEWAY', callingAeTitle: 'ARCHIVE', timeoutMs: 20_000 };
  const association = await requestAssociation({ ...peer, ...titles }, contextsOf(pairs));
  associations.push(association);
  return association;
}

async function store(
  association: Association,
  dataSet: AsyncIterable<Uint8Array>,
  { transferSyntax = '1.2.840.10008.1.2.1', sopInstanceUid = INSTANCE } = {},
): Promise<number> {
  const context = association.contextOf(SECONDARY_CAPTURE, transferSyntax);
  const command = {
    field: FIELD.storeRequest,
    messageId: 5,
    priority: 0,
    sopClassUid: SECONDARY_CAPTURE,
    sopInstanceUid,
  };
  await association.send(context?.id ?? 0, command, dataSet);
  const answer = await association.receive();
  if (answer === 'released') throw new Error('expected an answer');
  expect(answer.command).toMatchObject({ field: FIELD.storeResponse, respondsTo: 5, sopInstanceUid });
  return answer.command.status ?? -1;
}

/** Keeps what arrives. */
function keeping() {
  const kept: { meta: Omit<IncomingInstance, 'dataSet'>; bytes: Buffer }[] = [];
  const onInstance = async ({ dataSet, ...meta }: IncomingInstance): Promise<number> => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of dataSet) chunks.push(chunk);
    kept.push({ meta, bytes: Buffer.concat(chunks) });
    return STATUS.success;
  };
  return { kept, onInstance };
}

test('any bytes in any pieces and any transfer syntax arrive as they are', async () => {
  const { kept, onInstance } = keeping();
  const { receiver } = await open({ onInstance });
  const sizes = fc.array(fc.integer({ min: 0, max: 300_000 }), { maxLength: 4 });
  const arrives = fc.asyncProperty(sizes, fc.constantFrom(...TRANSFER_SYNTAXES), async (pieceBytes, transferSyntax) => {
    const pieces = pieceBytes.map((size, index) => new Uint8Array(size).map((_, i) => (i * 7 + index) & 0xff));
    const association = await call(receiver);
    expect(await store(association, only(...pieces), { transferSyntax })).toBe(STATUS.success);
    await association.release();
    const meta = { callingAeTitle: 'ARCHIVE', sopClassUid: SECONDARY_CAPTURE, sopInstanceUid: INSTANCE };
    const { bytes, ...arrived } = kept.pop() ?? { bytes: Buffer.alloc(0) };
    expect(arrived).toEqual({ meta: { ...meta, transferSyntaxUid: transferSyntax } });
    expect(bytes.equals(Buffer.concat(pieces))).toBe(true);
  });
  await fc.assert(arrives, { numRuns: 20, seed: 41 });
});

describe('callers', () => {
  test.each([
    ['that are not known', { callingAeTitle: 'STRANGER' }, 'REJECTED_1_1_3'],
    ['that want somebody else', { calledAeTitle: 'OTHER' }, 'REJECTED_1_1_7'],
  ])('%s are rejected', async (_name, titles, reason) => {
    const { receiver } = await open();
    await expect(call(receiver, titles)).rejects.toMatchObject({ info: { reason } });
  });

  test('above the bound are asked to come again', async () => {
    const { receiver } = await open({ associationsMax: 1 });
    await call(receiver);
    await expect(call(receiver)).rejects.toMatchObject({ info: { reason: 'REJECTED_2_3_1' } });
  });

  test('who is silent is let go', async () => {
    const { receiver, failed } = await open({ timeoutMs: 200 });
    const socket = connect(receiver.port, '127.0.0.1');
    socket.on('error', () => undefined);
    const closed = once(socket, 'close');
    socket.resume();
    expect(await failed).toMatchObject({ info: { reason: 'TIMEOUT' } });
    await closed;
  });

  test('are heard with C-ECHO', async () => {
    const { receiver } = await open();
    const association = await call(receiver, {}, [
      { abstractSyntax: VERIFICATION, transferSyntax: '1.2.840.10008.1.2' },
    ]);
    await association.send(1, { field: FIELD.echoRequest, messageId: 3, sopClassUid: VERIFICATION });
    expect(await association.receive()).toMatchObject({
      command: { field: FIELD.echoResponse, respondsTo: 3, status: 0 },
    });
    await association.release();
  });
});

describe('instances', () => {
  test('that nobody waits for are refused, and the association goes on', async () => {
    const { receiver } = await open();
    const association = await call(receiver);
    expect(await store(association, only(new Uint8Array(100_000)))).toBe(STATUS.cannotUnderstand);
    expect(await store(association, only(new Uint8Array(1)))).toBe(STATUS.cannotUnderstand);
  });

  test('that a retrieval waits for go to it alone, in turn', async () => {
    const { kept, onInstance } = keeping();
    const { receiver } = await open({ onInstance });
    const expected = receiver.expect(INSTANCE);
    const association = await call(receiver);
    const stored = store(association, only(Uint8Array.of(1, 2)));
    for await (const chunk of (await expected.arrival).dataSet) expect(chunk).toEqual(Buffer.of(1, 2));
    expected.leave(STATUS.success);
    expect(await stored).toBe(STATUS.success);
    expect(kept).toEqual([]);
    expect(await store(association, only(Uint8Array.of(3)))).toBe(STATUS.success);
    expect(kept).toHaveLength(1);
  });

  test('that are too large end the association', async () => {
    const { onInstance } = keeping();
    const { receiver, failed } = await open({ onInstance, instanceBytesMax: 1_000 });
    await expect(store(await call(receiver), only(new Uint8Array(2_000)))).rejects.toMatchObject({
      code: 'ARCHIVE_UNAVAILABLE',
    });
    expect(await failed).toMatchObject({ code: 'INSTANCE_TOO_LARGE' });
  });

  test('whose UID is none end the association before a byte is taken', async () => {
    const { kept, onInstance } = keeping();
    const { receiver, failed } = await open({ onInstance });
    const stored = store(await call(receiver), only(new Uint8Array(9)), { sopInstanceUid: '../../etc' });
    await expect(stored).rejects.toMatchObject({ code: 'ARCHIVE_UNAVAILABLE' });
    expect(await failed).toMatchObject({ info: { rule: 'store' } });
    expect(kept).toEqual([]);
  });

  test('services other than storage are not agreed to', async () => {
    const { receiver } = await open();
    const association = await call(receiver, {}, [
      { abstractSyntax: STUDY_ROOT_FIND, transferSyntax: '1.2.840.10008.1.2' },
    ]);
    expect(association.contexts).toEqual([]);
  });

  test('a request that is no storage ends the association', async () => {
    const { receiver, failed } = await open();
    const association = await call(receiver);
    await association.send(
      1,
      { field: FIELD.findRequest, messageId: 1, sopClassUid: SECONDARY_CAPTURE },
      only(Uint8Array.of(0)),
    );
    await expect(association.receive()).rejects.toMatchObject({ info: { reason: 'ABORTED' } });
    expect(await failed).toMatchObject({ info: { rule: 'store' } });
  });
});
