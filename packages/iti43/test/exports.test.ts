import { expect, test } from 'vitest';
import * as client from '../src/client/index.js';
import * as shared from '../src/index.js';
import * as server from '../src/server/index.js';

test('the public surface, so that an accidental export is a visible change', () => {
  expect(Object.keys(shared).sort()).toEqual([
    'DOCUMENTS_MAX',
    'ID_LENGTH_MAX',
    'Iti43Error',
    'escapeAttribute',
    'registryErrorCodes',
    'spkiPinOf',
  ]);
  expect(Object.keys(client).sort()).toEqual([
    'getPinned',
    'guardedAddresses',
    'lookupIn',
    'postPinned',
    'retrieveDocuments',
    'signRequest',
  ]);
  expect(Object.keys(server).sort()).toEqual([
    'NOT_AVAILABLE',
    'createDocumentRepository',
    'goneSignal',
    'listenerOptions',
    'readSignedRequest',
    'sendPaced',
  ]);
});
