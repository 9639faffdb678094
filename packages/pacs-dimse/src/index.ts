export { createDimseArchive, type DimseArchive, type DimseArchiveOptions } from './dimse-archive.js';
export {
  type ExpectedInstance,
  type IncomingInstance,
  openStorageReceiver,
  type StorageReceiver,
  type StorageReceiverOptions,
} from './storage-receiver.js';
