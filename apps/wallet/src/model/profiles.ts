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
  WalletError,
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
  /** Those made anew because what rested here was damaged; kept there once they are brought back. */
  readonly #damaged = new Map<Wallet, () => Promise<void>>();
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

  /**
   * Opens what rests here, or makes it at the first start. With words it is opened by them where they fit, and locked anew: nothing of it is
   * lost. What is damaged is made anew from the words, and brought back by `mend`.
   * @param input.replace - what rests here goes, whosever it is
   * @returns the holder's
   * @throws {WalletError} `WORDS_OF_ANOTHER` when the words do not open what rests here, and as `Vault.open` and `Vault.create`
   */
  async open(how: Confirmation, found?: Brought, input: { readonly replace?: boolean } = {}): Promise<Profile> {
    const opened = await this.#openVault(how, found, input.replace === true);
    try {
      // All of them: what was asked for in any name is done while the app is open.
      for (const profile of [opened, ...opened.profiles]) await this.#openWallet(profile, typeof found === 'object');
    } catch (error) {
      opened.close();
      throw error;
    }
    this.#opened = opened;
    return opened;
  }

  async #openVault(how: Confirmation, found: Brought | undefined, replace: boolean): Promise<OpenVault> {
    const { vault, userName } = this.#ports;
    const lock = how === 'passkey' ? { passkey: { userName } } : how;
    const isMade = await vault.wrappers().then((kinds) => kinds.length > 0, ifDamaged(true));
    if (found === undefined || found === 'passkey') {
      if (isMade) return vault.open(how, { takeOver: true });
      return found === 'passkey' ? vault.createFromPasskey() : vault.create(lock);
    }
    const { words, from } = found;
    const paper = from === undefined ? {} : { restoredFrom: from };
    if (!isMade || replace) return vault.create(lock, { words, ...paper, replace });
    const opened = await vault.open({ words }, { takeOver: true }).catch(ifDamaged(undefined));
    if (opened === undefined) return vault.create(lock, { words, ...paper, replace: true });
    try {
      await opened.lockAnew(lock, paper);
    } catch (error) {
      opened.close();
      throw error;
    }
    return opened;
  }

  /**
   * Brings back what rested here damaged; what could not be, is tried again at the next call and the next start.
   * @returns whether there was something
   */
  async mend(bringBack: (wallets: readonly Wallet[]) => Promise<void>): Promise<boolean> {
    const damaged = [...this.#damaged];
    if (damaged.length === 0) return false;
    await bringBack(damaged.map(([wallet]) => wallet));
    for (const [wallet, keep] of damaged) {
      await keep();
      this.#damaged.delete(wallet);
    }
    return true;
  }

  /** Asks the holder once more whether it is her. @throws as `OpenVault.confirm` */
  async confirm(how: Confirmation): Promise<void> {
    if (this.#opened === undefined) throw new TypeError('nothing is open');
    await this.#opened.confirm(how);
  }

  /** Another PIN, for everybody on this phone. @throws as `OpenVault.setPin` */
  async setPin(pin: string): Promise<void> {
    if (this.#opened === undefined) throw new TypeError('nothing is open');
    await this.#opened.setPin(pin);
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

  /** @param byWords - what a newer version of the app left is not damaged, but goes when she brings back what she had */
  async #openWallet({ id, store, words }: Profile, byWords = false): Promise<Wallet> {
    const codes = byWords ? ['VAULT_DAMAGED', 'SNAPSHOT_MALFORMED'] : ['VAULT_DAMAGED'];
    const ports = this.#walletPorts(store);
    const { chainId } = this.#ports;
    const rested = await openWallet(ports).catch(ifDamaged('damaged' as const, codes));
    const later = heldStore(store);
    const wallet =
      rested === 'damaged'
        ? await createWallet(this.#walletPorts(later), { words, chainId })
        : (rested ?? (await createWallet(ports, { words, chainId })));
    if (rested === 'damaged') this.#damaged.set(wallet, later.keep);
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

/** Gives this instead of the error, where what rests here is damaged. */
function ifDamaged<T>(instead: T, codes: readonly string[] = ['VAULT_DAMAGED']): (error: unknown) => T {
  return (error) => {
    if (error instanceof WalletError && codes.includes(error.code)) return instead;
    throw error;
  };
}

/** An empty store in place of one that is damaged, which stays as it is until `keep`. */
function heldStore(store: WalletStore): WalletStore & { readonly keep: () => Promise<void> } {
  let held: Uint8Array | undefined;
  let isKept = false;
  return {
    load: () => Promise.resolve(undefined),
    save: async (snapshot) => {
      held = snapshot;
      if (isKept) await store.save(snapshot);
    },
    keep: async () => {
      isKept = true;
      if (held !== undefined) await store.save(held);
    },
  };
}
