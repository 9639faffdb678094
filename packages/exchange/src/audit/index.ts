export type { AuditedDocument, AuditEntry, AuditEvent } from './audit-event.js';
export { type AuditHead, headFromJson, isHeadSigned } from './audit-head.js';
export {
  type Audit,
  type AuditTrail,
  type AuditTrailOptions,
  openAuditTrail,
  type PlacedEntry,
  type TrailPlace,
} from './audit-trail.js';
export { type AuditIdentity, encodeAtnaMessage } from './atna-message.js';
export { encodeBalpEvent } from './balp-event.js';
export { encodeSyslogFrame, type SyslogSender } from './syslog-frame.js';
export { type SyslogDelivery, type SyslogDeliveryOptions, startSyslogDelivery } from './syslog-delivery.js';
export { type TrailProblem, type TrailReport, verifyTrail } from './verify-trail.js';
