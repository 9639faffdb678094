export { ImagingError, type ImagingErrorInfo } from './errors.js';
export { type Accession, accessionOf } from './accession.js';
export { clearQuarantine, type ImportOptions, importFileSet } from './file-set-import.js';
export { judgeFileSet, type JudgeTask } from './file-set-judge.js';
export {
  decodeFileSetPlan,
  encodeFileSetPlan,
  type FileSetEntry,
  type FileSetPlan,
  manifestOf,
  planFileSet,
} from './file-set-plan.js';
export { type PlannedInstance, plannedInstances, serveFileSet } from './file-set-stream.js';
export { DEFAULT_IMPORT_POLICY, type ImportPolicy } from './import-policy.js';
export { fileByInstance, type InstanceArchive } from './file-by-instance.js';
export type { InstanceHeader } from './instance-header.js';
export { type InspectedInstance, inspectInstance } from './instance-inspector.js';
export type { JudgedInstance } from './instance-judge.js';
export {
  DEFAULT_IMPORT_LIMITS,
  DEFAULT_INSTANCE_LIMITS,
  type ImportLimits,
  INSTANCES_MAX,
  type InstanceLimits,
} from './limits.js';
export { type LocalPatient, type PatientChange, validateLocalPatient } from './local-patient.js';
export { createManifest, type Manifest, type ManifestEntry } from './manifest.js';
export { type DicomJson } from './metadata/data-set-json.js';
export { type DicomJsonElement } from './metadata/element-value.js';
export { readMetadata } from './metadata/instance-metadata.js';
export { type TextReader, textReaderOf } from './metadata/specific-character-set.js';
export { createOrder, type Order, type OrderLook, type OrderNotice, type OrderOrigin } from './order.js';
export type { FiledStudy, PacsConnector, SnapshotInstance, StudySnapshot, StudySummary } from './pacs-connector.js';
export type { QuarantinedInstance, QuarantinedStudy, StudySink } from './quarantined-study.js';
export { type IntakeOptions, openIntake, type StudyIntake } from './study-intake.js';
export type { DescribedInstance, SentPatient, StudyDescription } from './study-description.js';
export { describeRefused, keepRefused, reopenStudy } from './waiting-study.js';
