/** One instance as the archive stores it, by C-GET or by C-MOVE to our own receiver (PS3.4, C.4.2 and C.4.3). */
import { ImagingError } from '@radledger/imaging';
import { answerInvalid, refused } from './archive-errors.js';
import type { Association, Message } from './association.js';
import type { AssociationPool, Purpose } from './association-pool.js';
import { FIELD, isPending, isSuccess, STATUS } from './command-set.js';
import { type InstanceAddress, only } from './find.js';
import { encodeIdentifier, TAGS } from './identifier.js';
import { part10Head } from './part10.js';
import type { StorageReceiver } from './storage-receiver.js';
import { asStored, contextsOf, IMPLICIT_LITTLE_ENDIAN, STUDY_ROOT_GET, STUDY_ROOT_MOVE } from './syntaxes.js';

/** Responses before the last one: an archive may tell its progress, but not for ever. */
const PENDING_MAX = 1_000;

export interface RetrieveOptions {
  readonly instanceBytesMax: number;
}

/**
 * Streams the Part 10 file of an instance on the association that asked for it; left early, the association is aborted.
 * @param index - of the instance in its snapshot, for the error
 * @throws {ImagingError} `INSTANCE_CHANGED` when the archive no longer has it | `INSTANCE_TOO_LARGE` |
 *   `ARCHIVE_UNAVAILABLE` | `ARCHIVE_REFUSED` | `ARCHIVE_ANSWER_INVALID`
 */
export async function* getInstance(
  pool: AssociationPool,
  address: InstanceAddress,
  index: number,
  { instanceBytesMax }: RetrieveOptions,
): AsyncGenerator<Uint8Array, void, void> {
  if (address.sopClassUid === undefined) {
    throw answerInvalid('sop-class', 'expected an archive that tells SOP classes; retrieve from this one by C-MOVE');
  }
  const association = await pool.acquire(getting(address.sopClassUid));
  let isDone = false;
  try {
    const messageId = await ask(association, STUDY_ROOT_GET, address);
    let isReceived = false;
    for (let messages = 0; messages < PENDING_MAX; messages++) {
      const message = await association.receive();
      if (message !== 'released' && message.command.field === FIELD.storeRequest && !isReceived) {
        isReceived = true;
        yield* storedInstance(association, message, address, instanceBytesMax);
        continue;
      }
      const status = responseStatus(association, message, FIELD.getResponse, messageId);
      if (isPending(status)) continue;
      isDone = true;
      return requireArrived(status, isReceived, index);
    }
    throw answerInvalid('pending', 'expected an end of the retrieval');
  } finally {
    if (!isDone) association.abort();
    pool.give(association);
  }
}

/** The same by C-MOVE: the archive opens an association of its own to `receiver`. */
export async function* moveInstance(
  pool: AssociationPool,
  receiver: StorageReceiver,
  address: InstanceAddress,
  index: number,
): AsyncGenerator<Uint8Array, void, void> {
  const association = await pool.acquire(MOVING);
  const expected = receiver.expect(address.sopInstanceUid);
  let isDone = false;
  try {
    const messageId = await ask(association, STUDY_ROOT_MOVE, address, receiver.aeTitle);
    const end = lastStatus(association, messageId);
    // Looked at below; an archive that breaks off while the instance is still read must not end the process.
    end.catch(() => undefined);
    const arrived = await Promise.race([expected.arrival, end]);
    if (typeof arrived === 'number') return requireArrived(arrived, false, index);
    requireAddress(arrived, address);
    yield part10Head(arrived);
    yield* arrived.dataSet;
    expected.leave(STATUS.success);
    requireArrived(await end, true, index);
    isDone = true;
  } finally {
    expected.leave(STATUS.cannotUnderstand);
    if (!isDone) association.abort();
    pool.give(association);
  }
}

function getting(sopClassUid: string): Purpose {
  const get = { abstractSyntax: STUDY_ROOT_GET, transferSyntax: IMPLICIT_LITTLE_ENDIAN };
  return {
    key: `get ${sopClassUid}`,
    contexts: contextsOf([get, ...asStored(sopClassUid)]),
    roles: [{ sopClassUid, scu: false, scp: true }],
  };
}

const MOVING: Purpose = {
  key: 'move',
  contexts: contextsOf([{ abstractSyntax: STUDY_ROOT_MOVE, transferSyntax: IMPLICIT_LITTLE_ENDIAN }]),
};

async function ask(
  association: Association,
  sopClassUid: string,
  address: InstanceAddress,
  moveDestination?: string,
): Promise<number> {
  const context = association.contextOf(sopClassUid);
  if (context === undefined) throw answerInvalid('retrieve', 'expected an archive that offers this way of retrieval');
  const messageId = association.nextMessageId();
  const field = moveDestination === undefined ? FIELD.getRequest : FIELD.moveRequest;
  const destination = moveDestination === undefined ? {} : { moveDestination };
  const identifier = new Map([
    [TAGS.queryRetrieveLevel, 'IMAGE'],
    [TAGS.studyInstanceUid, address.studyInstanceUid],
    [TAGS.seriesInstanceUid, address.seriesInstanceUid],
    [TAGS.sopInstanceUid, address.sopInstanceUid],
  ]);
  const command = { field, sopClassUid, messageId, priority: 0, ...destination };
  await association.send(context.id, command, only(encodeIdentifier(identifier)));
  return messageId;
}

async function* storedInstance(
  association: Association,
  { contextId, command, dataSet }: Message,
  address: InstanceAddress,
  bytesMax: number,
): AsyncGenerator<Uint8Array, void, void> {
  const context = association.contexts.find(({ id }) => id === contextId);
  const { sopClassUid = '', sopInstanceUid = '', messageId } = command;
  if (context?.abstractSyntax !== sopClassUid || dataSet === undefined || messageId === undefined) {
    throw answerInvalid('instance', 'expected the instance that was asked for, in a context that was agreed');
  }
  requireAddress({ sopClassUid, sopInstanceUid }, address);
  yield part10Head({ sopClassUid, sopInstanceUid, transferSyntaxUid: context.transferSyntax });
  yield* bounded(dataSet, bytesMax);
  const response = { field: FIELD.storeResponse, respondsTo: messageId, sopClassUid, sopInstanceUid };
  await association.send(contextId, { ...response, status: STATUS.success });
}

async function lastStatus(association: Association, messageId: number): Promise<number> {
  for (let messages = 0; messages < PENDING_MAX; messages++) {
    const status = responseStatus(association, await association.receive(), FIELD.moveResponse, messageId);
    if (!isPending(status)) return status;
  }
  throw answerInvalid('pending', 'expected an end of the retrieval');
}

function responseStatus(
  association: Association,
  message: Message | 'released',
  field: number,
  messageId: number,
): number {
  const { command, dataSet } = message === 'released' ? { command: undefined, dataSet: undefined } : message;
  const status = command?.status;
  if (command?.field !== field || command.respondsTo !== messageId || status === undefined) {
    throw answerInvalid('retrieve', 'expected an answer to the retrieval');
  }
  if (dataSet !== undefined) {
    if (isPending(status)) throw answerInvalid('retrieve', 'expected progress without a data set');
    // The UIDs that failed: nobody needs them, so they are not read.
    association.abort();
  }
  return status;
}

function requireAddress(
  arrived: { readonly sopClassUid: string; readonly sopInstanceUid: string },
  asked: InstanceAddress,
): void {
  const { sopInstanceUid, sopClassUid = arrived.sopClassUid } = asked;
  if (arrived.sopInstanceUid !== sopInstanceUid || arrived.sopClassUid !== sopClassUid) {
    throw answerInvalid('instance', 'expected the instance that was asked for');
  }
}

function requireArrived(status: number, isReceived: boolean, index: number): void {
  if (!isSuccess(status)) throw refused(status);
  if (isReceived) return;
  throw new ImagingError({ code: 'INSTANCE_CHANGED', index }, 'the archive no longer gives an instance of the study');
}

/** @throws {ImagingError} `INSTANCE_TOO_LARGE` */
export async function* bounded(
  bytes: AsyncIterable<Uint8Array>,
  bytesMax: number,
): AsyncGenerator<Uint8Array, void, void> {
  let passed = 0;
  for await (const chunk of bytes) {
    passed += chunk.length;
    if (passed > bytesMax) {
      throw new ImagingError({ code: 'INSTANCE_TOO_LARGE', bytesMax }, `expected at most ${bytesMax} bytes`);
    }
    yield chunk;
  }
}
