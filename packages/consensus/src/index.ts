export type { DutyEvent } from '@radledger/chain';
export { type ChainRulesModule, createChainRules } from './chain-rules.js';
export { decodeDutyEvent, encodeDutyEvent } from './duty-events.js';
export { committeeRootOf, epochContextOf } from './committee.js';
export type { EpochContext, EpochLookup, Member } from './epoch-context.js';
export { ConsensusError, type ConsensusErrorInfo } from './errors.js';
export { createFinalityVerifier } from './finality-verifier.js';
export { decodeProvenHeader } from './proven-header.js';
export {
  decodeHaltStatement,
  encodeHaltStatement,
  HALT_STATEMENT_BYTES_MAX,
  haltClaim,
  type HaltProof,
  haltProofOf,
  haltSignedBytes,
  type HaltStatement,
  isHaltStatementTimely,
} from './halt-statement.js';
export { leaderOf } from './leader-selection.js';
export { EMPTY_REGISTRY } from './module.js';
export type {
  BlockVerdict,
  BuildRequest,
  ClosingBlock,
  ConsensusCaps,
  ConsensusInstance,
  ConsensusModule,
  ConsensusReport,
  DutyContext,
  Effect,
  EvidenceRegistry,
  FinalizedByProof,
  FinalizedState,
  Input,
  InstanceStatus,
  JudgeInput,
  MessageClaims,
  ModuleContext,
  ModuleIdentity,
  PeerId,
  SignLogState,
  SignRecord,
  VotingReason,
  VotingStatus,
  VrfClaim,
} from './module.js';
export { holdsNodeKey, holdsVrfKey, ownMember } from './own-keys.js';
export {
  decodeRecovery,
  encodeRecovery,
  networkIdOf,
  RECOVERY_BYTES_MAX,
  type Recovery,
  recoveriesBefore,
  recoveryClaims,
  recoverySignedBytes,
  type SignedRecovery,
} from './recovery.js';
export { recoveryFromJson, type RecoveryJson, recoveryToJson } from './recovery-json.js';
export { debtMilli, reliabilityOf } from './reliability.js';
export { classifyViews, type ClassifiedViews } from './view-classes.js';
export { decodeSignRecord, encodeSignRecord } from './sign-record.js';
export { hasHonest, isQuorum, seatOf } from './quorum.js';
export { RequestQuota } from './request-quota.js';
export { vrfAlpha } from './seed.js';
export { StartUpRule } from './start-up-rule.js';
export { type StakeInput, type StakePolicyFunction, type StakeResult, stakePolicyOf } from './stake-policy.js';
export { verifyVrfClaims } from './vrf-claims.js';
