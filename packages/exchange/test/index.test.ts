import { expect, test } from 'vitest';
import * as audit from '../src/audit/index.js';
import * as http from '../src/http/index.js';
import * as root from '../src/index.js';
import * as recipient from '../src/recipient/index.js';
import * as source from '../src/source/index.js';

test('the public surface', () => {
  expect({
    audit: Object.keys(audit).sort(),
    root: Object.keys(root).sort(),
    source: Object.keys(source).sort(),
    recipient: Object.keys(recipient).sort(),
    http: Object.keys(http).sort(),
  }).toMatchInlineSnapshot(`
    {
      "audit": [
        "encodeAtnaMessage",
        "encodeBalpEvent",
        "encodeSyslogFrame",
        "headFromJson",
        "isHeadSigned",
        "openAuditTrail",
        "startSyslogDelivery",
        "verifyTrail",
      ],
      "http": [
        "DICOMWEB_REQUESTS_FACTOR",
        "bindHttp",
        "bindTls",
        "createDicomwebHandler",
        "createIti43Handler",
        "createOperatorApi",
        "createPatientApi",
        "tlsPinOf",
      ],
      "recipient": [
        "BOX_NOTICES_MAX",
        "REQUEST_LIFETIME_MS",
        "failureCodeOf",
        "guardEndpoint",
        "matchByHand",
        "matchRequested",
        "openImageRecipient",
      ],
      "root": [
        "ExchangeError",
        "HALTED_MS_MAX",
        "VIEW_AGE_MS_MAX",
        "createNodeLedger",
        "createProvenLedger",
        "createSecretBox",
      ],
      "source": [
        "IDENTITY_CHECKS",
        "INVITATION_LIFETIME_MS",
        "ImagingError",
        "REPLACEMENT_WAIT_MS",
        "WRONG_TRIES_MAX",
        "connectNode",
        "createPatientApi",
        "createSecretBox",
        "createSigner",
        "judgeSuspension",
        "openAuditTrail",
        "openImageSource",
        "readingBasis",
      ],
    }
  `);
});
