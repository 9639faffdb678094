export { type SampleInstance, sampleInstance } from '../conformance/sample-instance.js';
