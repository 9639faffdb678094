export { DICOMWEB_REQUESTS_FACTOR } from '../source/source-contract.js';
export { createDicomwebHandler, type DicomwebHandlerOptions } from '../dicomweb/handler.js';
export {
  type Address,
  type BoundListener,
  type BoundTlsListener,
  bindHttp,
  bindTls,
  createIti43Handler,
  type KnownClients,
  type Listener,
} from './listen.js';
export { createOperatorApi, type OperatorApiOptions } from './operator-api.js';
export { createPatientApi, type PatientApiOptions } from './patient-api.js';
export { tlsPinOf } from './tls-pin.js';
