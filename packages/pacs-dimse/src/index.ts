export { createDimseArchive, type DimseArchive, type DimseArchiveOptions } from './dimse-archive.js';
export { receiveInto } from './folder-arrivals.js';
export { createModalityWorklist, type ModalityWorklistOptions } from './modality-worklist.js';
export {
  type ExpectedInstance,
  type IncomingInstance,
  openStorageReceiver,
  type StorageReceiver,
  type StorageReceiverOptions,
} from './storage-receiver.js';
