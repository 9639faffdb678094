/** Somebody who let himself into the directory of an open net, under any name, and does with it what he can. */
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type ClientError, isRefusal, type NodeClient } from '@radledger/client';
import {
  createImageRequest,
  createInvitation,
  createWellKnown,
  decodeClaim,
  encodeImageRequestLink,
  encodeInvitationLink,
  generateSealingKeyPair,
  wellKnownToJson,
} from '@radledger/handover';
import { createSigner, generateSeed, randomBytes } from '@radledger/primitives';
import {
  createTransaction,
  type DefineStudyPayload,
  signAcceptance,
  signKeyProof,
  studyIdOf,
} from '@radledger/transactions';
import { type Lie, lyingReply } from './lying-source.js';

export interface Stranger {
  /** Where his gateway answers browsers. */
  readonly api: string;
  /** How often it was asked. */
  asked(): number;
  /** Puts a study of that id on the ledger: his own, or with an owner and her acceptance. @returns `finalized`, or why not */
  defineStudy(
    study: Pick<DefineStudyPayload, 'studyId'> & Partial<Pick<DefineStudyPayload, 'owner' | 'acceptance'>>,
  ): Promise<string>;
  /** A request for images that his gateway says, signed, is his. */
  requestLink(page: string, displayName?: string): Promise<string>;
  /** An invitation of his, whose claims his gateway answers with a lie; any code is right. */
  invitationLink(page: string, lie: Lie): string;
  stop(): Promise<void>;
}

/** @throws {TransactionError} `NAME_INVALID` */
export async function becomeSource(node: NodeClient, chainId: Uint8Array, name: string): Promise<Stranger> {
  const [signer, nodeKey, vrfKey, recipient] = await Promise.all([1, 2, 3, 4].map(() => createSigner(generateSeed())));
  if (!signer || !nodeKey || !vrfKey || !recipient) throw new Error('four keys were made');
  const source = signer.publicKey;
  const expiryHeight = (await node.status()).finalized.height + 200;
  const { bytes, txId } = await createTransaction({
    chainId,
    kind: 'define-source',
    signer,
    expiryHeight,
    payload: {
      source,
      name,
      baseUrl: 'https://stranger.example',
      tlsPins: [randomBytes(32)],
      nodeKey: nodeKey.publicKey,
      nodeKeyProof: await signKeyProof({ chainId, source, role: 'node', key: nodeKey }),
      vrfKey: vrfKey.publicKey,
      vrfKeyProof: await signKeyProof({ chainId, source, role: 'vrf', key: vrfKey }),
      admission: undefined,
    },
  });
  await node.submit(bytes);
  await node.waitForFinalized(txId, { fromHeight: 1 });

  let asked = 0;
  let told: Lie = 'another key';
  const cors = { 'Access-Control-Allow-Origin': '*', 'Access-Control-Allow-Headers': 'Content-Type' };
  const server = createServer((request, response) => {
    asked += 1;
    const answer = async (): Promise<void> => {
      if (request.method === 'OPTIONS') return void response.writeHead(204, cors).end();
      if (request.url?.startsWith('/v1/claims') === true) {
        const claim = decodeClaim(await bytesOf(request));
        const study = { source, studySalt: randomBytes(32), studyInstanceUid: '2.25.77' };
        const truth = {
          ...study,
          studyId: studyIdOf(study),
          ownerKey: claim.ownerKey,
          era: 0,
          contentSalt: randomBytes(32),
          grantSalt: randomBytes(32),
          label: 'MRI, knee',
          issuedAtMs: Date.now(),
        };
        response.writeHead(200, cors).end(await lyingReply({ claim, told: truth, signer, lie: told }));
        return;
      }
      const statement = { chainId, source, recipient: recipient.publicKey, api };
      const document = JSON.stringify(wellKnownToJson(await createWellKnown(statement, signer)));
      response.writeHead(200, { ...cors, 'Content-Type': 'application/json' }).end(document);
    };
    void answer();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const api = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    api,
    asked: () => asked,
    async defineStudy({ studyId, owner: claimed, acceptance }) {
      const owner = await createSigner(generateSeed());
      const study = await createTransaction({
        chainId,
        kind: 'define-study',
        signer,
        expiryHeight,
        payload: {
          source,
          studyId,
          owner: claimed ?? owner.publicKey,
          acceptance: acceptance ?? (await signAcceptance({ chainId, source, owner })),
          content: randomBytes(32),
        },
      });
      try {
        await node.submit(study.bytes);
      } catch (error) {
        if (isRefusal(error)) return error.info.reason;
        throw error as ClientError;
      }
      await node.waitForFinalized(study.txId, { fromHeight: 1 });
      return 'finalized';
    },
    async requestLink(page, displayName = '') {
      const nowMs = Date.now();
      const request = await createImageRequest(
        {
          chainId,
          recipientKey: recipient.publicKey,
          sealingKey: (await generateSealingKeyPair()).publicKey,
          gatewayApi: api,
          boxId: randomBytes(16),
          displayName,
          reason: 'Routine',
          wantedUntilMs: nowMs + 86_400_000,
          expiresAtMs: nowMs + 86_400_000,
        },
        recipient,
      );
      return encodeImageRequestLink(request, page);
    },
    invitationLink(page, lie) {
      told = lie;
      const expiresAtMs = Date.now() + 86_400_000;
      return encodeInvitationLink(createInvitation({ chainId, gatewayApi: api, source, expiresAtMs }), page);
    },
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function bytesOf(request: IncomingMessage): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of request) parts.push(part as Uint8Array);
  return new Uint8Array(Buffer.concat(parts));
}
