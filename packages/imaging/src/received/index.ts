export { ImagingError } from '../errors.js';
export { checkedFileSet } from './checked-file-set.js';
export { type CommittedInstance, instanceCheck, type InstanceCheck } from './instance-check.js';
