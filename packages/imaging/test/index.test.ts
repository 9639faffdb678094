import { expect, test } from 'vitest';
import * as conformance from '../src/conformance/index.js';
import * as folder from '../src/folder/index.js';
import * as orders from '../src/orders/index.js';
import * as imaging from '../src/index.js';

test('the public surface is what index.ts names', () => {
  expect([imaging, folder, orders, conformance].map((module) => Object.keys(module).sort())).toEqual([
    [
      'DEFAULT_IMPORT_LIMITS',
      'DEFAULT_IMPORT_POLICY',
      'DEFAULT_INSTANCE_LIMITS',
      'INSTANCES_MAX',
      'ImagingError',
      'accessionOf',
      'clearQuarantine',
      'createManifest',
      'createOrder',
      'decodeFileSetPlan',
      'describeRefused',
      'encodeFileSetPlan',
      'fileByInstance',
      'importFileSet',
      'inspectInstance',
      'judgeFileSet',
      'keepRefused',
      'manifestOf',
      'openIntake',
      'planFileSet',
      'plannedInstances',
      'readMetadata',
      'reopenStudy',
      'serveFileSet',
      'textReaderOf',
      'validateLocalPatient',
    ],
    ['createFolderSink', 'createFolderSource', 'openFolderInbox'],
    ['createHl7Folder', 'isHl7CharacterSet', 'readHl7Orders'],
    ['sampleInstance', 'testPacsConnector', 'testStudySink'],
  ]);
});
