export { type Arrival, type FolderInbox, type FolderInboxOptions, openFolderInbox } from './folder-inbox.js';
export { createFolderSink, type FolderSink, type FolderSinkOptions } from './folder-sink.js';
export { createFolderSource, type FolderSourceOptions } from './folder-source.js';
