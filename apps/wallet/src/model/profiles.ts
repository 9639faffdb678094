/** Whose images this device has: its holder's, and those of people she looks after. Each has words and a wallet of its own. */
import { createGatewayClient } from '@radledger/client';
import {
  type CarriedProfile,
  createWallet,
  type OpenVault,
  openWallet,
  type Overview,
  type Profile,
  type Vault,
  type Wallet,
  type WalletPorts,
  type WalletStore,
} from '@radledger/wallet';
import type { Confirmation } from './confirmation.js';
import type { OpenedLedger } from './ledger.js';
import type { Origins } from './origins.js';

export interface ProfilesPorts extends OpenedLedger {
  readonly vault: Vault;
  /** Whom the app may ask; the session adds whom her invitations, requests and hospitals lead to. */
  readonly origins: Origins;
  /** How this app is called in the device's own list of passkeys. */
  readonly userName: string;
}

/** Words that a person brought, and the paper that they stood on; none for those of an old phone. */
export interface BroughtWords {
  readonly words: string;
  readonly from?: 'sheet' | 'helpers';
}

/** What brings images back to a phone that has nothing yet: words, or the passkey that the person's account brought there. */
export type Brought = BroughtWords | 'passkey';

export class Profiles {
  readonly #ports: ProfilesPorts;
  /** Of each profile, by its id. */
  readonly #wallets = new Map<string, Wallet>();
  #opened: OpenVault | undefined;

  constructor(ports: ProfilesPorts) {
    this.#ports = ports;
  }

  get isOpen(): boolean {
    return this.#opened !== undefined;
  }

  /** The holder first; none before they are open. */
  all(): readonly Profile[] {
    return this.#opened === undefined ? [] : [this.#opened, ...this.#opened.profiles];
  }

  wallets(): Iterable<Wallet> {
    return this.#wallets.values();
  }

  wallet(profileId: string | undefined): Wallet | undefined {
    return this.#wallets.get(profileId ?? '');
  }

  /** Opens what rests here, or makes it at the first start. @returns the holder's */
  async open(how: Confirmation, found?: Brought): Promise<Profile> {
    const { vault, userName } = this.#ports;
    const isMade = (await vault.wrappers()).length > 0;
    const opened = isMade
      ? await vault.open(how, { takeOver: true })
      : found === 'passkey'
        ? await vault.createFromPasskey()
        : await vault.create(
            how === 'passkey' ? { passkey: { userName } } : how,
            found && { words: found.words, ...(found.from && { restoredFrom: found.from }) },
          );
    // All of them: what was asked for in any name is done while the app is open.
    for (const profile of [opened, ...opened.profiles]) await this.#openWallet(profile);
    this.#opened = opened;
    return opened;
  }

  async add(name: string, found?: BroughtWords): Promise<{ readonly profile: Profile; readonly wallet: Wallet }> {
    if (this.#opened === undefined) throw new TypeError('nothing is open');
    const profile = await this.#opened.addProfile(
      name,
      found && { words: found.words, ...(found.from && { restoredFrom: found.from }) },
    );
    return { profile, wallet: await this.#openWallet(profile) };
  }

  /** Adds those that an old phone carried and that are not here yet. */
  async addCarried(carried: readonly CarriedProfile[]): Promise<void> {
    for (const { name, words } of carried) {
      if (!this.all().some((profile) => profile.words === words)) await this.add(name, { words });
    }
  }

  async #openWallet({ id, store, words }: Profile): Promise<Wallet> {
    const ports = this.#walletPorts(store);
    const { chainId } = this.#ports;
    const wallet = (await openWallet(ports)) ?? (await createWallet(ports, { words, chainId }));
    this.#wallets.set(id, wallet);
    this.allowKnown(wallet.lastOverview());
    return wallet;
  }

  #walletPorts(store: WalletStore): WalletPorts {
    const { node, gateways, origins } = this.#ports;
    return {
      store,
      node,
      gateway: (url, source) => {
        // Where the source of one of her studies, or of an invitation that she accepted, answers.
        if (source !== undefined) origins.allow(url);
        return createGatewayClient({ url, fetch: origins.fetch });
      },
      gatewayCandidates: gateways,
    };
  }

  /** Those whom she let in may be told of it, also after the app was closed. */
  allowKnown(overview: Overview | undefined): void {
    for (const { gatewayApi } of overview?.studies.flatMap(({ grants }) => grants) ?? []) {
      if (gatewayApi !== undefined) this.#ports.origins.allow(gatewayApi);
    }
  }
}
