export { type ArchiveUnderTest, type PacsConnectorUnderTest, testPacsConnector } from './pacs-connector-suite.js';
export { type SampleInstance, sampleInstance } from './sample-instance.js';
export { type SinkUnderTest, type StudySinkUnderTest, testStudySink } from './study-sink-suite.js';
