import { signHttpRequest, verifyHttpRequest } from '@radledger/handover';
import { sha256, utf8 } from '@radledger/primitives';
import { instanceIdOf, seriesIdOf } from '@radledger/transactions';
import { signerOf } from './parties.js';
import { asJson, fill, type VectorCase, type VectorFile } from './vector-file.js';

const nowMs = 1_800_000_000_000;

/** Names in addresses, and signed HTTP requests. */
export async function dicomwebVectors(): Promise<VectorFile> {
  const studySalt = sha256(utf8('a study salt'));
  const [seriesInstanceUid, sopInstanceUid] = ['1.2.840.113619.2.1.1', '1.2.840.113619.2.1.1.7'];
  const url = 'https://gw.example:8443/site/dicom-web/studies?studyId=00ff&limit=2';
  return {
    name: 'dicomweb',
    spec: 'dicomweb.md',
    cases: [
      {
        name: 'series and instance',
        input: asJson({ studySalt, seriesInstanceUid, sopInstanceUid }),
        output: asJson({
          seriesId: seriesIdOf({ studySalt, seriesInstanceUid }),
          instanceId: instanceIdOf({ studySalt, sopInstanceUid }),
        }),
      },
      await signed('a GET', { method: 'GET', url }),
      await signed('a GET at the default port', { method: 'GET', url: 'https://gw.example/dicom-web/studies' }),
      await signed('a POST with a body', { method: 'POST', url, body: utf8('what was sent') }),
    ],
  };
}

async function signed(
  name: string,
  request: { method: 'GET' | 'POST'; url: string; body?: Uint8Array },
): Promise<VectorCase> {
  const signer = await signerOf(0x14);
  const nonce = 'AAECAwQFBgcICQoLDA0ODw';
  const headers = await signHttpRequest({ ...request, signer, nowMs, nonce });
  await verifyHttpRequest({
    method: request.method,
    urls: [request.url],
    signatureInput: headers['signature-input'],
    signature: headers.signature,
    contentDigest: headers['content-digest'],
    body: request.body,
    nowMs,
  });
  return { name, input: asJson({ ...request, seed: fill(0x14), created: nowMs / 1000, nonce }), output: headers };
}
