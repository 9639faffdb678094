export { type CellReader, createCellReader } from './cell-reader.js';
export {
  createDeskClient,
  type DeskClient,
  type EmergencyReason,
  type OperatorErasure,
  type PrivacyOfficeEntry,
  type StandingLinkState,
} from './desk-client.js';
export {
  createDicomwebClient,
  type DicomwebClient,
  type DicomwebClientOptions,
  type DicomwebTarget,
} from './dicomweb-client.js';
export type { DutyAccount, DutyAccounts } from './duty-accounts.js';
export { ClientError, type ClientErrorInfo, isRefusal } from './errors.js';
export { createGatewayClient, type GatewayClient } from './gateway-client.js';
export type { Fetch, HttpOptions } from './http.js';
export { type GrantStatus, type GrantVerdict } from './light/grant-verdict.js';
export {
  type BelieveOptions,
  createLightClient,
  type HeaderProof,
  type LightClient,
  type LightClientOptions,
  type ProvenCells,
} from './light/light-client.js';
export { createProvenNode, type ProvenNode, type ProvenNodeOptions, type ProvenStatus } from './light/proven-node.js';
export {
  type CallOptions,
  type CellAnswer,
  createNodeClient,
  type DutyEntry,
  type FinalizedBlock,
  type NodeClient,
  type NodeEvent,
  type NodeStatus,
  type StateAnswer,
  type StatePart,
  type TransactionStatus,
} from './node-client.js';
export {
  createOperatorClient,
  type IssuedInvitation,
  type OperatorAppointment,
  type OperatorClient,
  type OperatorOrder,
  type OperatorOrderOrigin,
  type OperatorStatus,
  type OperatorStudy,
  type RequestState,
  type Retrieval,
} from './operator-client.js';
export type {
  DescribedInstance,
  LocalPatient,
  QuarantineClient,
  SentPatient,
  StudyDescription,
  WaitingStudy,
} from './quarantine-client.js';
export { type BucketAnswer, type StateProof, verifyBucketAnswer } from './state-proof.js';
export { type FinalizedTransaction, type WaitOptions, waitForFinalized } from './wait-for-finalized.js';
