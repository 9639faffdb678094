export {
  DOCUMENTS_MAX,
  type DocumentDescription,
  type DocumentReference,
  ID_LENGTH_MAX,
  type RegistryError,
  type RegistryErrorCode,
  type ResponseStatus,
  registryErrorCodes,
} from './document-set.js';
export { Iti43Error, type Iti43ErrorInfo, type MessagePart, type SignedPart } from './errors.js';
export { spkiPinOf } from './spki-pin.js';
export { escapeAttribute } from './xml-writer.js';
