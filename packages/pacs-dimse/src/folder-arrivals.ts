/** Studies that modalities push, or a PACS routes on by itself, into a folder that is the archive. */
import { ImagingError } from '@radledger/imaging';
import type { FolderInbox } from '@radledger/imaging/folder';
import { STATUS } from './command-set.js';
import { part10Head } from './part10.js';
import type { IncomingInstance } from './storage-receiver.js';

/**
 * For `onInstance` of a storage receiver: the sender is told success when the instance is on disk, or was there before.
 * @returns a failure status (PS3.4, annex B.2.3) for another instance under a UID that is there, for what is no instance, and when the folder cannot be written
 */
export function receiveInto(
  inbox: FolderInbox,
  onFailure: (error: unknown) => void,
): (instance: IncomingInstance) => Promise<number> {
  return async (instance) => {
    try {
      const arrival = await inbox.receive(fileOf(instance), instance);
      return arrival === 'other' ? STATUS.duplicateInstance : STATUS.success;
    } catch (error) {
      if (!(error instanceof ImagingError)) throw error;
      onFailure(error);
      // A sender that broke off hears nothing any more.
      if (error.code === 'ARCHIVE_UNAVAILABLE' || error.code === 'ARCHIVE_ANSWER_INVALID') throw error;
      return error.code === 'FOLDER_UNUSABLE' ? STATUS.outOfResources : STATUS.cannotUnderstand;
    }
  };
}

/** Left early, the data set stays open: the receiver reads past the rest of it, so that the sender hears why. */
async function* fileOf(instance: IncomingInstance): AsyncGenerator<Uint8Array, void, void> {
  yield part10Head(instance);
  const chunks = instance.dataSet[Symbol.asyncIterator]();
  for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) yield next.value;
}
