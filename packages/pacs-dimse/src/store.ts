/** C-STORE: files instances in an archive, in the transfer syntax they have (PS3.4, annex B). */
import { ImagingError, type QuarantinedInstance } from '@radledger/imaging';
import { answerInvalid, refused } from './archive-errors.js';
import { type Association, type DimsePeer, requestAssociation } from './association.js';
import { FIELD, isSuccess } from './command-set.js';
import { bytesFrom } from './part10.js';
import { contextsOf } from './syntaxes.js';

const CONTEXTS_MAX = 128;

/**
 * Sends instances one after another. Before the first one the archive must have agreed to take each of them as it is.
 * @throws {ImagingError} `FILING_INCOMPLETE` when it does not | `ARCHIVE_REFUSED` at the first instance it refuses |
 *   `ARCHIVE_UNAVAILABLE` | `ARCHIVE_ANSWER_INVALID`, and what an instance throws
 */
export async function storeInstances(peer: DimsePeer, instances: readonly QuarantinedInstance[]): Promise<void> {
  for (const batch of batchesOf(instances)) {
    const pairs = [...new Map(batch.map((instance) => [pairOf(instance), instance])).values()];
    const proposed = pairs.map(({ sopClassUid, transferSyntaxUid }) => ({
      abstractSyntax: sopClassUid,
      transferSyntax: transferSyntaxUid,
    }));
    const association = await requestAssociation(peer, contextsOf(proposed));
    try {
      const missing = batch.filter((instance) => contextFor(association, instance) === undefined).length;
      if (missing > 0) {
        const message = 'the archive does not take the SOP class or the transfer syntax of some instances';
        throw new ImagingError({ code: 'FILING_INCOMPLETE', missing }, message);
      }
      for (const instance of batch) await storeInstance(association, instance);
      await association.release();
    } catch (error) {
      association.abort();
      throw error;
    }
  }
}

async function storeInstance(association: Association, instance: QuarantinedInstance): Promise<void> {
  const context = contextFor(association, instance);
  if (context === undefined) throw new TypeError('every context was looked at before');
  const { sopClassUid, sopInstanceUid, dataSetOffset } = instance;
  const messageId = association.nextMessageId();
  const command = { field: FIELD.storeRequest, messageId, priority: 0, sopClassUid, sopInstanceUid };
  await association.send(context.id, command, bytesFrom(instance.open(), dataSetOffset));
  const answer = await association.receive();
  if (
    answer === 'released' ||
    answer.command.field !== FIELD.storeResponse ||
    answer.command.respondsTo !== messageId ||
    answer.command.status === undefined
  ) {
    throw answerInvalid('store', 'expected an answer to the instance');
  }
  if (!isSuccess(answer.command.status)) throw refused(answer.command.status);
  if (answer.dataSet !== undefined) throw answerInvalid('store', 'expected an answer without a data set');
}

const pairOf = ({ sopClassUid, transferSyntaxUid }: QuarantinedInstance): string =>
  `${sopClassUid} ${transferSyntaxUid}`;

function contextFor(association: Association, { sopClassUid, transferSyntaxUid }: QuarantinedInstance) {
  return association.contextOf(sopClassUid, transferSyntaxUid);
}

/** As few as possible, each with no more pairs than an association can negotiate. */
function batchesOf(instances: readonly QuarantinedInstance[]): readonly (readonly QuarantinedInstance[])[] {
  const batches: QuarantinedInstance[][] = [];
  const batchOf = new Map<string, QuarantinedInstance[]>();
  for (const instance of instances) {
    const pair = pairOf(instance);
    const known = batchOf.get(pair);
    if (known !== undefined) known.push(instance);
    else {
      const batch = batchOf.size % CONTEXTS_MAX === 0 ? [] : (batches.at(-1) ?? []);
      if (batch.length === 0) batches.push(batch);
      batch.push(instance);
      batchOf.set(pair, batch);
    }
  }
  return batches;
}
