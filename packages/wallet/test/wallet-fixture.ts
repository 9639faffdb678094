/** A small world: a ledger, a hospital's gateway, a practice that asks for images, and wallets. */
import { createGatewayClient, createNodeClient } from '@radledger/client';
import {
  createFakeGateway,
  createFakeNode,
  type FakeGateway,
  type FakeNode,
  type FakeNodeOptions,
} from '@radledger/client/testing';
import {
  createImageRequest,
  decodeImageRequest,
  deriveSealingKeyPair,
  openGrantNotice,
  type SignedImageRequest,
} from '@radledger/handover';
import { createSigner, randomBytes, type Signer, sha256, toHex, utf8 } from '@radledger/primitives';
import { createMemoryStore, createWallet, type Wallet, type WalletPorts } from '../src/index.js';

export const DAY_MS = 86_400_000;

export function signerOf(label: string): Promise<Signer> {
  return createSigner(sha256(utf8(label)));
}

/** A practice: its keys, its requests, and the notices in its boxes. */
export interface Practice {
  readonly key: Signer;
  /** @param changes.by - another recipient's key */
  request(changes?: { expiresAtMs?: number; by?: Signer }): Promise<SignedImageRequest>;
  notices(request: SignedImageRequest): Promise<readonly Awaited<ReturnType<typeof openGrantNotice>>[]>;
}

export interface World {
  readonly node: FakeNode;
  readonly hospital: FakeGateway;
  readonly practice: Practice;
  /** What wallets asked of the node: method and path. */
  readonly walletRequests: readonly string[];
  ports(changes?: Partial<WalletPorts>): WalletPorts;
  newWallet(words?: string): Promise<Wallet>;
}

export async function createWorld(options: Omit<FakeNodeOptions, 'sources'> = {}): Promise<World> {
  const [hospitalKey, hospitalNode, hospitalVrf, other, otherNode, otherVrf, practiceKey] = await Promise.all(
    ['hospital', 'hospital node', 'hospital vrf', 'other', 'other node', 'other vrf', 'practice'].map(signerOf),
  );
  if (!hospitalKey || !hospitalNode || !hospitalVrf || !other || !otherNode || !otherVrf || !practiceKey)
    throw new Error('keys');
  const node = await createFakeNode({
    ...options,
    sources: [
      { source: hospitalKey.publicKey, nodeKey: hospitalNode.publicKey, vrfKey: hospitalVrf.publicKey },
      { source: other.publicKey, nodeKey: otherNode.publicKey, vrfKey: otherVrf.publicKey },
    ],
  });
  const hospital = createFakeGateway({
    node,
    api: 'https://images.hospital.example',
    signer: hospitalKey,
    privacyContact: 'privacy@hospital.example',
  });
  await hospital.define({
    name: 'City Hospital',
    baseUrl: 'https://gateway.hospital.example:8443',
    node: hospitalNode,
    vrf: hospitalVrf,
  });
  const walletRequests: string[] = [];
  const ports = (changes: Partial<WalletPorts> = {}): WalletPorts => ({
    store: createMemoryStore(),
    node: createNodeClient({
      url: 'http://node.example',
      fetch: (url, init) => {
        walletRequests.push(`${init.method ?? 'GET'} ${new URL(url).pathname}`);
        return node.fetch(url, init);
      },
    }),
    gateway: (url) => createGatewayClient({ url, fetch: hospital.fetch }),
    gatewayCandidates: [hospital.api],
    ...changes,
  });
  return {
    node,
    hospital,
    walletRequests,
    practice: await createPractice(node, hospital, practiceKey),
    ports,
    newWallet: (words) => createWallet(ports(), words === undefined ? {} : { words }),
  };
}

async function createPractice(node: FakeNode, hospital: FakeGateway, key: Signer): Promise<Practice> {
  const sealingKeyPair = await deriveSealingKeyPair(sha256(utf8('practice sealing')));
  const { chainId } = node;
  return {
    key,
    async request({ expiresAtMs = Date.now() + DAY_MS, by = key } = {}) {
      return decodeImageRequest(
        await createImageRequest(
          {
            chainId,
            recipientKey: by.publicKey,
            sealingKey: sealingKeyPair.publicKey,
            gatewayApi: 'https://practice.example',
            boxId: randomBytes(16),
            displayName: 'Dr Rivera, Lakeside Orthopaedics',
            reason: 'second opinion',
            wantedUntilMs: Date.now() + 30 * DAY_MS,
            expiresAtMs,
          },
          by,
        ),
      );
    },
    notices: (request) =>
      Promise.all(
        (hospital.boxes.get(toHex(request.boxId)) ?? []).map((sealed) =>
          openGrantNotice({ sealed, sealingKeyPair, chainId, recipientKey: key.publicKey }),
        ),
      ),
  };
}
