export { createFolderSink, type FolderSink, type FolderSinkOptions } from './folder-sink.js';
export { createFolderSource, type FolderSourceOptions } from './folder-source.js';
