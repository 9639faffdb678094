export { createDicomwebArchive, type DicomwebArchive, type DicomwebArchiveOptions } from './dicomweb-archive.js';
