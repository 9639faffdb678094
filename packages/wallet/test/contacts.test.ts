import { expect, test } from 'vitest';
import { createWorld } from './wallet-fixture.js';

test('whom she asks: each hospital of hers once, with the contact that it signed', async () => {
  const world = await createWorld();
  const wallet = await world.newWallet();
  expect(await wallet.contacts()).toEqual([]);
  for (const label of ['MRI, knee', 'MRI, hip']) {
    await wallet.claim(world.hospital.invite({ studyInstanceUid: `1.2.${label.length}`, label }));
  }
  const name = 'City Hospital';
  expect(await wallet.contacts()).toEqual([{ name, contact: 'privacy@hospital.example' }]);
  world.hospital.isDown = true;
  expect(await wallet.contacts()).toEqual([{ name, contact: undefined }]);
});
