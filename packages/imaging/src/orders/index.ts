export { createHl7Folder, type Hl7FolderOptions } from './hl7-folder.js';
export { isHl7CharacterSet } from './hl7-text.js';
