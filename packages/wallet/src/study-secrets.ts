/** What only her study's source can tell her again. */
import { withDevices } from './devices.js';
import { withNoted } from './noted-grants.js';
import type { NotedDevice, OwnerNote } from './owner-note.js';
import type { CallOptions } from './views.js';
import { isSameStudy, type WalletCore } from './wallet-core.js';
import { secretsOf } from './wallet-state.js';

/**
 * See `Wallet.refreshSecrets`.
 * @returns the devices in the note that another device, or this one, left at the source last
 */
export async function refreshSecrets(
  core: WalletCore,
  studyId: Uint8Array,
  options: CallOptions = {},
): Promise<readonly NotedDevice[]> {
  const record = core.record(studyId);
  const { disclosure, receipt, api } = await core.source.ask(record, options);
  const { note } = disclosure;
  const noted: OwnerNote =
    note === undefined ? { grants: [], devices: [] } : await core.source.openNote(record, note.sealed);
  const told = { secrets: secretsOf(disclosure), receipt, gatewayApi: api };
  await core.update(({ studies, devices }) => ({
    studies: studies.map((study) =>
      isSameStudy(study, record) ? { ...study, ...told, grants: [...withNoted(study.grants, noted.grants)] } : study,
    ),
    devices: withDevices(devices, noted.devices),
  }));
  return noted.devices;
}
