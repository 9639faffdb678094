import { expect, test } from 'vitest';
import { createWallet } from '../src/index.js';
import { createWorld } from './wallet-fixture.js';

test('whom she asks: each hospital of hers once, with the contact that it signed', async () => {
  const world = await createWorld();
  let nowMs = Date.now();
  const wallet = await createWallet(world.ports({ now: () => nowMs }));
  expect(await wallet.contacts()).toEqual([]);
  const { invitation } = world.hospital.invite({ studyInstanceUid: '1.2.3', label: 'CT, chest' });
  expect(await wallet.contactOf(invitation)).toBe('privacy@hospital.example');
  for (const label of ['MRI, knee', 'MRI, hip']) {
    await wallet.claim(world.hospital.invite({ studyInstanceUid: `1.2.${label.length}`, label }));
  }
  const name = 'City Hospital';
  expect(await wallet.contacts()).toEqual([{ name, contact: 'privacy@hospital.example' }]);
  world.hospital.isDown = true;
  expect(await wallet.contacts()).toEqual([{ name, contact: 'privacy@hospital.example' }]); // it was read a moment ago
  nowMs += 60_000;
  expect(await wallet.contacts()).toEqual([{ name, contact: undefined }]);
});
