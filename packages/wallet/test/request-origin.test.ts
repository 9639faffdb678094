import { createWellKnown, type SignedImageRequest, type WellKnown } from '@radledger/handover';
import { beforeEach, expect, test } from 'vitest';
import { createWallet, type RequestOrigin } from '../src/index.js';
import { createWorld, DAY_MS, signerOf, type World } from './wallet-fixture.js';

let world: World;
let request: SignedImageRequest;
beforeEach(async () => {
  world = await createWorld();
  request = await world.practice.request();
});

type Statement = Parameters<typeof createWellKnown>[0];

/** The origin of the request when its address serves this document. */
async function originOf(
  changes: Partial<Statement> | 'nothing',
  signer = world.practice.key,
  asked = request,
): Promise<RequestOrigin> {
  const ports = world.ports();
  const statement = {
    chainId: world.node.chainId,
    recipient: world.practice.key.publicKey,
    api: 'https://practice.example',
    ...(changes === 'nothing' ? {} : changes),
  };
  const served: Promise<WellKnown> =
    changes === 'nothing' ? Promise.reject(new Error('no answer')) : createWellKnown(statement, signer);
  served.catch(() => undefined);
  const wallet = await createWallet({
    ...ports,
    gateway: (api, source) => ({ ...ports.gateway(api, source), wellKnown: () => served }),
  });
  return wallet.originOf(asked);
}

test('a practice that is no source is known by its web address', async () => {
  expect(await originOf({})).toEqual({ kind: 'https', host: 'practice.example' });
});

test('a source is known by its name on the ledger', async () => {
  const { source } = world.hospital;
  expect(await originOf({ source }, await signerOf('hospital'))).toEqual({
    kind: 'source',
    source,
    name: 'City Hospital',
    host: 'practice.example',
  });
});

test.each<[string, () => Promise<RequestOrigin>]>([
  ['no document', () => originOf('nothing')],
  ['a document about another key', async () => originOf({ recipient: (await signerOf('other')).publicKey })],
  ['a document about another address', () => originOf({ api: 'https://elsewhere.example' })],
  ['a document of another ledger', () => originOf({ chainId: new Uint8Array(32) })],
  ['signed by another key', async () => originOf({}, await signerOf('other'))],
  ['claims a source that did not sign', () => originOf({ source: world.hospital.source })],
  ['claims a source that is not on the ledger', async () => originOf({ source: (await signerOf('nobody')).publicKey })],
  [
    'a source without a name',
    async () => originOf({ source: (await signerOf('other')).publicKey }, await signerOf('other')),
  ],
])('nothing is proven by %s', async (_, origin) => {
  expect(await origin()).toEqual({ kind: 'unproven', host: 'practice.example' });
});

test('a request that does not hold has no origin', async () => {
  await expect(originOf({}, world.practice.key, { ...request, reason: 'changed' })).rejects.toMatchObject({
    code: 'SIGNATURE_INVALID',
  });
  const late = await world.practice.request({ expiresAtMs: Date.now() - DAY_MS });
  await expect(originOf({}, world.practice.key, late)).rejects.toMatchObject({ code: 'EXPIRED' });
});
