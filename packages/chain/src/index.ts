export { type Block, type Body, bodyBytesOf, decodeBody, encodeBody } from './body.js';
export {
  CELL_NAME_BYTES_MAX,
  cellKey,
  cellPrefix,
  hashedKeyOf,
  misconductOfCellName,
  sourceOfCellName,
} from './cell-names.js';
export { CELL_BYTES_MAX, stakeAmount } from './cell-format.js';
export {
  ATTESTED_MAXIMA_MAX,
  type AttestedCell,
  type AuthorityCell,
  type CountedCell,
  decodeAttestedCell,
  decodeAuthorityCell,
  decodeCountedCell,
  decodeEpochCell,
  decodeGrantCell,
  decodeKeyCell,
  decodeMisconductCell,
  decodeOwnerCell,
  decodeParamsCell,
  decodeSeedCell,
  decodeSourceCell,
  decodeStakeCell,
  decodeStudyCell,
  type Endpoint,
  type EpochCell,
  type EpochMember,
  encodeAttestedCell,
  encodeAuthorityCell,
  encodeCountedCell,
  EPOCH_CELL_BYTES_MAX,
  encodeEpochCell,
  encodeGrantCell,
  encodeKeyCell,
  encodeMisconductCell,
  encodeOwnerCell,
  encodeParamsCell,
  encodeSeedCell,
  encodeSourceCell,
  encodeStakeCell,
  encodeStudyCell,
  type GrantCell,
  isLive,
  type KeyCell,
  type MisconductCell,
  type OwnerCell,
  type OwnerRole,
  type ParamsCell,
  type QuotaBucket,
  type SeedCell,
  type SourceCell,
  type StakeCell,
  type StudyCell,
  type StudyRate,
} from './cells.js';
export {
  type AbsentCell,
  type DutiesCell,
  type DutyCell,
  type DutyCounts,
  type DutyLeaf,
  decodeAbsentCell,
  decodeDutiesCell,
  decodeDutyCell,
  decodeDutyLeaf,
  decodeViewsCell,
  EMPTY_DUTY_CELL,
  EMPTY_VIEWS_CELL,
  encodeAbsentCell,
  encodeDutiesCell,
  encodeDutyCell,
  encodeDutyLeaf,
  encodeViewsCell,
  PENDING_VIEWS_MAX,
  type PendingView,
  type ViewsCell,
  type WindowCounts,
} from './duty-cells.js';
export type { DutyEvent, SettledView } from './duty-event.js';
export { applyVerdict, countDuty, type DutyVerdict, type VerdictCells } from './duty-verdict.js';
export { attestationPeriodOf, isAttestationPeriodLive } from './attestation-periods.js';
export { epochOfHeight, firstHeightOfEpoch, isBoundaryHeight } from './epochs.js';
export {
  type BlockCode,
  type BlockRefusalCode,
  ChainError,
  type ChainErrorInfo,
  type TransactionRefusalCode,
  type TransitionCode,
} from './errors.js';
export {
  type EvidenceClaims,
  type EvidenceInput,
  type EvidenceRules,
  type Judgement,
  NO_EVIDENCE,
  transactionClaims,
} from './evidence.js';
export type { FinalityInput, FinalityVerifier } from './finality.js';
export {
  chainIdOf,
  decodeGenesis,
  encodeGenesis,
  GENESIS_BYTES_MAX,
  GENESIS_FORMAT,
  type Genesis,
  type GenesisSource,
} from './genesis.js';
export {
  blockIdOf,
  decodeHeader,
  encodeHeader,
  HEADER_BYTES_MAX,
  HEADER_FORMAT,
  type Header,
  SEAL_BYTES_MAX,
  type SealedPosition,
} from './header.js';
export type { ModuleSettings } from './module-settings.js';
export {
  type AdmissionPolicy,
  DEFAULT_PARAMETERS,
  type Parameters,
  type Policies,
  type StakePolicy,
} from './parameters.js';
export type {
  AttestedEntry,
  ChainRules,
  CloseEpochInput,
  CloseEpochResult,
  CloseViewsInput,
  CloseViewsResult,
  CountedEntry,
  DutyEntry,
  GenesisRulesInput,
  RulesContext,
  SeedInput,
  SourceEntry,
} from './rules.js';
export { emptyState, overlayReader, type StateReader, type WriteSet } from './state-reader.js';
export type {
  BuildBlockInput,
  BuildBlockResult,
  CheckResult,
  CheckTransactionInput,
  ExecuteBlockInput,
  ExecutionContext,
  ExecutionResult,
  LeftOut,
  Pause,
  RecentBlocks,
  SelectionResult,
  SelectTransactionsInput,
} from './execution-input.js';
export { buildBlock, checkTransaction, selectTransactions } from './build-block.js';
export { executeBlock } from './execute-block.js';
export { type GenesisBlock, genesisBlock } from './genesis-block.js';
export {
  EMPTY_MERKLE_ROOT,
  type InclusionProof,
  merkleLeafHash,
  merkleRoot,
  merkleRootInSlices,
  proveInclusion,
  verifyInclusion,
} from './merkle.js';
export {
  BOUNDARIES_MAX,
  type Boundary,
  boundaryOfCheckpoint,
  type BoundaryRecord,
  decodeBoundaries,
  decodeEpochProof,
  encodeBoundaries,
  encodeEpochProof,
  type EpochProof,
  FINALITY_BYTES_MAX,
  followBoundary,
  type LightRules,
  proveEpoch,
  verifyFinalHeader,
} from './light/boundary.js';
export {
  type Checkpoint,
  CHECKPOINT_AGE_MAX_MS,
  formatCheckpoint,
  parseCheckpoint,
  validateCheckpointAge,
} from './light/checkpoint.js';
export { encodeOffence, judgeOffence, type Offence, offenceClaims, type OffenceVerdict } from './offence.js';
export { proveOffence, type ProveOffenceInput } from './prove-offence.js';
export { REPORTS_PER_BLOCK_MAX } from './misconduct-rules.js';
export { compareOrder, type OrderKey, orderKeyOf } from './order.js';
export { isPermanentRefusal } from './permanence.js';
export { allowsCapacityMilli, rateAt, studiesCapacityMilli } from './quotas.js';
export { cellsOf } from './touched-cells.js';
export { type Bucket, BUCKET_NIBBLES_MAX, type BucketCell, proveBucket, verifyBucket } from './tree/bucket-proof.js';
export {
  CELL_PROOF_BYTES_MAX,
  type CellProof,
  decodeCellProof,
  encodeCellProof,
  type OtherLeaf,
  proveCell,
  verifyCellProof,
} from './tree/cell-proof.js';
export { branchHashOf, EMPTY_SUBTREE, leafHashOf, valueHashOf } from './tree/hashing.js';
export { encodeNodePath, leavesOf } from './tree/node.js';
export {
  PART_NIBBLES_MAX,
  type PartChild,
  type PartPlace,
  readTreePart,
  type TreePart,
  verifyTreePart,
} from './tree/tree-part.js';
export { type CellChange, readRoot, type TreeUpdate, updateTree } from './tree/update.js';
export {
  type GrantFacts,
  type GrantJson,
  grantFromJson,
  grantToJson,
  type MisconductJson,
  misconductToJson,
  type OwnerJson,
  ownerFromJson,
  ownerToJson,
  type SourceFacts,
  type SourceJson,
  type StudyFacts,
  type StudyJson,
  sourceFromJson,
  sourceToJson,
  studyFromJson,
  studyToJson,
} from './json/cell-json.js';
export { genesisFromFile, genesisFromJson, type GenesisJson, genesisToJson } from './json/genesis-json.js';
export { JsonFields } from './json/json-fields.js';
