/**
 * A device that her images are brought back on leaves its mark in the note of every study, and each hears of the others there.
 * Spec: docs/spec/wallet-keys.md, section 18.
 */
import { equalBytes, randomBytes, toHex } from '@radledger/primitives';
import { withDevices } from './devices.js';
import { refreshSecrets } from './study-secrets.js';
import type { CallOptions } from './views.js';
import type { WalletCore } from './wallet-core.js';
import type { DeviceRecord } from './wallet-state.js';

/** This device as one that her images were brought back on; once is enough. */
export async function markOwn(core: WalletCore, by: DeviceRecord['by']): Promise<void> {
  const own: DeviceRecord = { id: randomBytes(8), atMs: core.now(), by, standing: 'own' };
  await core.update(({ devices }) =>
    devices.some(({ standing }) => standing === 'own') ? {} : { devices: withDevices([...devices, own], []) },
  );
}

/**
 * See `Wallet.lookForDevices`. Of each source the first study that it answers for is enough: whoever brought her images back found that one.
 * @returns whether a note lacks this device: another wrote over it without having read it
 */
export async function lookForDevices(core: WalletCore, options: CallOptions): Promise<boolean> {
  const answered = new Set<string>();
  let isOwnMissing = false;
  const owned = core.state.studies.filter(({ role }) => role === 'owner').sort((a, b) => a.keyIndex - b.keyIndex);
  for (const { source, studyId } of owned) {
    if (answered.has(toHex(source))) continue;
    try {
      const noted = await refreshSecrets(core, studyId, options);
      answered.add(toHex(source));
      const own = core.state.devices.find(({ standing }) => standing === 'own');
      isOwnMissing ||= own !== undefined && !noted.some(({ id }) => equalBytes(id, own.id));
    } catch {
      options.signal?.throwIfAborted();
    }
  }
  return isOwnMissing;
}
