/** Regression: an Allow whose answer was lost was live on the ledger and shown to nobody. */
import { expect, test } from 'vitest';
import { createWallet } from '../src/index.js';
import { createWorld, DAY_MS } from './wallet-fixture.js';

test('a grant whose answer was lost is shown live, and can be ended', async () => {
  const world = await createWorld();
  const ports = world.ports();
  let isCut = false;
  const wallet = await createWallet({
    ...ports,
    node: {
      ...ports.node,
      waitForFinalized: (txId, options) =>
        isCut ? Promise.reject(new Error('connection lost')) : ports.node.waitForFinalized(txId, options),
    },
  });
  const { studyId } = await wallet.claim(world.hospital.invite({ studyInstanceUid: '1.2.3', label: 'CT, chest' }));
  const request = await world.practice.request();
  isCut = true;
  await expect(wallet.allow({ studyId, request, notAfterMs: Date.now() + DAY_MS })).rejects.toThrow('connection lost');
  isCut = false;
  const [grant] = await wallet.grants(studyId);
  expect(grant).toMatchObject({ status: 'live', reason: 'second opinion' });
  await wallet.revoke({ studyId, tag: grant?.tag ?? new Uint8Array(32) });
  expect(await wallet.grants(studyId)).toMatchObject([{ status: 'revoked' }]);
});
