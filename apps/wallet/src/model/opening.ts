/** What the first screen does without: the ledger, and the wallets on it. Loaded while that screen is looked at. */
import { createBrowserVault } from '@radledger/wallet';
import { openLedger } from './ledger.js';
import type { Origins } from './origins.js';
import { Profiles } from './profiles.js';
import type { Opening } from './session.js';
import { loadSettings } from './settings.js';

/** @param appName - how the device's own list of passkeys calls this app */
export async function prepare(origins: Origins, appName: string): Promise<Opening> {
  const ledger = await openLedger(await loadSettings(), origins);
  const vault = createBrowserVault({ rpId: window.location.hostname, rpName: appName });
  return { ledger, profiles: new Profiles({ ...ledger, origins, vault, userName: appName }) };
}
