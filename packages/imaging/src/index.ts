export { ImagingError, type ImagingErrorInfo } from './errors.js';
export type { FileSetEntry, FileSetPlan } from './file-set-plan.js';
export type { InstanceHeader } from './instance-header.js';
export {
  DEFAULT_IMPORT_LIMITS,
  DEFAULT_INSTANCE_LIMITS,
  type ImportLimits,
  INSTANCES_MAX,
  type InstanceLimits,
} from './limits.js';
export { createManifest, type Manifest, type ManifestEntry } from './manifest.js';
export type { FiledStudy, PacsConnector, SnapshotInstance, StudySnapshot, StudySummary } from './pacs-connector.js';
export type { QuarantinedInstance, QuarantinedStudy, StudySink } from './quarantined-study.js';
