export { createHl7Folder, type Hl7FolderOptions } from './hl7-folder.js';
export { readHl7Orders } from './hl7-orders.js';
export { isHl7CharacterSet } from './hl7-text.js';
