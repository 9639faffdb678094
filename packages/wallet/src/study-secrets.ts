/** What only her study's source can tell her again. */
import { withNoted } from './noted-grants.js';
import type { CallOptions } from './views.js';
import type { WalletCore } from './wallet-core.js';
import { secretsOf } from './wallet-state.js';

/** See `Wallet.refreshSecrets`. */
export async function refreshSecrets(core: WalletCore, studyId: Uint8Array, options: CallOptions = {}): Promise<void> {
  const record = core.record(studyId);
  const { disclosure, receipt, api } = await core.source.ask(record, options);
  const noted = disclosure.note === undefined ? [] : await core.source.openNote(record, disclosure.note.sealed);
  await core.updateStudy(record, (current) => {
    const grants = [...withNoted(current.grants, noted)];
    return { ...current, secrets: secretsOf(disclosure), receipt, gatewayApi: api, grants };
  });
}
