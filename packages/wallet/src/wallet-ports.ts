import type { GatewayPort } from './gateway-locator.js';
import type { WalletNode } from './ledger-view.js';
import type { WalletStore } from './wallet-store.js';

/** What a wallet is given by its app. */
export interface WalletPorts {
  readonly store: WalletStore;
  readonly node: WalletNode;
  readonly gateway: GatewayPort;
  /** Unix ms; default the system clock. */
  readonly now?: () => number;
  /** Oldest view on which a grant, delegation or move is made; default 60,000. Revocation never waits for a view. */
  readonly viewAgeMsMax?: number;
  /** Addresses where gateways may answer besides those in the directory. */
  readonly gatewayCandidates?: readonly string[];
}
