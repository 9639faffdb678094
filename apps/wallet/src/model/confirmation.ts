/** How a device's holder shows that it is her: the device's own check, or a PIN where it has none. */
import { WalletError } from '@radledger/wallet';

export type Confirmation = 'passkey' | { readonly pin: string };

/** What a device without anything on it will be asked for. */
export async function firstConfirmation(): Promise<'passkey' | 'pin'> {
  if (!('PublicKeyCredential' in window)) return 'pin';
  const isThere = await PublicKeyCredential.isUserVerifyingPlatformAuthenticatorAvailable().catch(() => false);
  return isThere ? 'passkey' : 'pin';
}

/** The holder was not asked lately: a screen that forgot to ask gets this. */
export function notConfirmed(): WalletError {
  return new WalletError({ code: 'PASSKEY_REFUSED' }, 'the holder did not confirm lately that it is her');
}

/** Whether a vault stayed closed for one given reason. */
export function isClosedFor(error: unknown, code: 'PASSKEY_WITHOUT_PRF' | 'WRONG_PIN' | 'WORDS_OF_ANOTHER'): boolean {
  return error instanceof WalletError && error.code === code;
}
