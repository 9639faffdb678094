/** An unlocked vault: holds the seed in memory until it is closed. Spec: docs/spec/wallet-keys.md, section 9. */
import { validatePlainText } from '@radledger/handover';
import {
  bytes,
  decodeWith,
  encodeWith,
  equalBytes,
  list,
  randomBytes,
  struct,
  text,
  toHex,
} from '@radledger/primitives';
import { WalletError } from '../errors.js';
import type { WalletStore } from '../wallet-store.js';
import { entropyOf, generateEntropy, wordsOf } from '../words.js';
import { makeHelperCards } from './helper-cards.js';
import { type HelperCards, keptCards, withCards } from './kept-cards.js';
import type { PasskeyPort } from './passkeys.js';
import { openAtRest, type RestContext, sealAtRest } from './sealed-at-rest.js';
import { unlockByPasskey, unlockByPin, withoutTries, withPin } from './unlocking.js';
import type { VaultRecord, VaultStorage } from './vault-storage.js';
import { HOLDER, profileOf, wrapperKinds } from './wrapper-kinds.js';
import {
  type NewLock,
  newLock,
  type PaperWrap,
  type PinWrap,
  type Wrap,
  type WrapperKind,
  wrapByPasskey,
  wrapByPin,
} from './wraps.js';

/** One person's images on this device: the holder's own, or those of somebody she acts for. Each has its own words. */
export interface Profile {
  /** `holder`, or 32 lower-case hex. */
  readonly id: string;
  /** Empty for the holder. */
  readonly name: string;
  /** The twelve words: what the recovery sheet shows. */
  readonly words: string;
  readonly store: WalletStore;
  /** What can bring the seed back: what opens the vault, and this profile's own papers. One alone is one accident from none. */
  wrappers(): readonly WrapperKind[];
  /** Remembers that the recovery sheet is on paper: say so only after the person has it. */
  noteSheetMade(): Promise<void>;
  /** Three cards for three helpers; any two give the words back. The same set each time: made by the first call on this device, and kept. */
  helperCards(): Promise<HelperCards>;
  /**
   * Another set in place of the kept one. Its cards do not mix with earlier ones, and those stay good: who lost trust in a helper moves her
   * studies to new words.
   */
  makeHelperCards(): Promise<HelperCards>;
  /** Remembers that helpers have cards: say so only after the person has printed or written them. */
  noteHelperCardsMade(): Promise<void>;
}

const PROFILES_MAX = 100;
const NAME_BYTES_MAX = 64;
const PROFILES_CONTEXT: RestContext = { purpose: 'radledger/vault-profiles/1', names: [] };

const profilesSchema = list(
  struct({ id: bytes({ length: 16 }), name: text({ max: NAME_BYTES_MAX }), entropy: bytes({ length: 16 }) }),
  { max: PROFILES_MAX },
);

/** A profile as it stands in the sealed list. */
export interface ListedProfile {
  readonly id: Uint8Array;
  readonly name: string;
  readonly entropy: Uint8Array;
}

export function sealProfiles(entropy: Uint8Array, profiles: readonly ListedProfile[]): Promise<Uint8Array> {
  return sealAtRest(entropy, PROFILES_CONTEXT, encodeWith(profilesSchema, profiles));
}

/** @returns undefined when this is not the seed they were sealed under */
export async function openProfiles(
  entropy: Uint8Array,
  sealed: Uint8Array,
): Promise<readonly ListedProfile[] | undefined> {
  const opened = await openAtRest(entropy, PROFILES_CONTEXT, sealed);
  return opened && decodeWith(profilesSchema, opened, { bytesMax: 64 * 1024 });
}

/** Whether the holder's snapshot was sealed under this seed: then it is hers, whatever became of the rest. */
export async function isHolder(entropy: Uint8Array, { snapshots }: VaultRecord): Promise<boolean> {
  const own = snapshots.find(({ id }) => id === HOLDER);
  return own !== undefined && (await openAtRest(entropy, snapshotContext(HOLDER), own.sealed)) !== undefined;
}

function snapshotContext(id: string): RestContext {
  return { purpose: 'radledger/vault-snapshot/1', names: [id] };
}

/** The holder's profile, and what can be changed about the vault itself. Calls may overlap. */
export class OpenVault implements Profile {
  readonly id = HOLDER;
  readonly name = '';
  readonly store: WalletStore;
  readonly #entropy: Uint8Array;
  readonly #ports: { readonly storage: VaultStorage; readonly passkeys: PasskeyPort; readonly now: () => number };
  readonly #release: () => void;
  #record: VaultRecord;
  #listed: readonly ListedProfile[];
  #written: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  /** Use `Vault.create` or `Vault.open`. */
  constructor(input: {
    ports: { readonly storage: VaultStorage; readonly passkeys: PasskeyPort; readonly now: () => number };
    record: VaultRecord;
    entropy: Uint8Array;
    listed: readonly ListedProfile[];
    release: () => void;
  }) {
    this.#ports = input.ports;
    this.#record = input.record;
    this.#entropy = input.entropy;
    this.#listed = input.listed;
    this.#release = input.release;
    this.store = this.#storeOf(HOLDER, input.entropy);
  }

  get words(): string {
    return wordsOf(this.#entropy);
  }

  /** Those the holder acts for. */
  get profiles(): readonly Profile[] {
    return this.#listed.map(({ id, name, entropy }) => this.#profileOf(toHex(id), name, entropy));
  }

  wrappers(): readonly WrapperKind[] {
    return wrapperKinds(this.#record, HOLDER);
  }

  /**
   * @param name - plain text, at most 64 bytes; stored sealed
   * @param input.words - those of somebody who had images before; default new ones
   * @param input.restoredFrom - the paper that the words came from, which then counts as one of this profile's ways back
   * @throws {WalletError} `WORDS_INVALID`; {HandoverError} `TEXT_REFUSED`
   */
  async addProfile(
    name: string,
    input: { readonly words?: string; readonly restoredFrom?: PaperWrap['kind'] } = {},
  ): Promise<Profile> {
    validatePlainText(name, { field: 'name', bytesMax: NAME_BYTES_MAX });
    const entropy = input.words === undefined ? generateEntropy() : entropyOf(input.words);
    const added = { id: randomBytes(16), name, entropy };
    await this.#change(async (record) => {
      const listed = [...this.#listed, added];
      const profiles = await sealProfiles(this.#entropy, listed);
      return [{ ...record, profiles }, listed];
    });
    const profile = this.#profileOf(toHex(added.id), name, entropy);
    if (input.restoredFrom !== undefined) await this.#notePaper(input.restoredFrom, profile.id);
    return profile;
  }

  /** Adds a passkey beside the others. Needs a gesture. @throws {WalletError} `PASSKEY_REFUSED` | `PASSKEY_WITHOUT_PRF` */
  async addPasskey(input: { readonly userName: string }): Promise<void> {
    const wrap = await wrapByPasskey(this.#entropy, await this.#ports.passkeys.create(input));
    await this.#changeWraps((wraps) => [...wraps, wrap]);
  }

  /** Sets the PIN, or another. @throws {WalletError} `PIN_REFUSED` */
  async setPin(pin: string): Promise<void> {
    const wrap = await wrapByPin(this.#entropy, pin);
    await this.#changeWraps((wraps) => [...wraps.filter(({ kind }) => kind !== 'pin'), wrap]);
  }

  /**
   * Locks the vault anew: from now on this passkey, or this PIN, opens it and none that opened it before. For a person who came in by her
   * words, because the PIN is forgotten or the passkey gone. A passkey needs one gesture; without it the old locks stay.
   * @param input.restoredFrom - the paper that the words came from, which then counts as a wrapper
   * @throws {WalletError} `PASSKEY_REFUSED` | `PASSKEY_WITHOUT_PRF` | `PIN_REFUSED`
   */
  async lockAnew(how: NewLock, input: { readonly restoredFrom?: PaperWrap['kind'] } = {}): Promise<void> {
    const lock = await newLock(this.#entropy, how, this.#ports.passkeys);
    await this.#changeWraps((wraps) => [lock, ...wraps.filter(({ kind }) => kind !== 'passkey' && kind !== 'pin')]);
    if (input.restoredFrom !== undefined) await this.#notePaper(input.restoredFrom, HOLDER);
  }

  /**
   * Asks the device's holder once more to show that it is her; the vault stays open, and can be written to meanwhile. Wrong PINs are counted
   * as those that open it.
   * @throws {WalletError} `VAULT_CLOSED` | `WRAPPER_MISSING` | `PASSKEY_REFUSED` | `PASSKEY_WITHOUT_PRF` | `WRONG_PIN` | `PIN_WAIT` |
   *   `VAULT_DAMAGED` | `STORAGE_FULL` | `STORAGE_FAILED`
   */
  async confirm(how: 'passkey' | { readonly pin: string }): Promise<void> {
    this.#checkOpen();
    const { wraps } = this.#record;
    const count = (counted: PinWrap): Promise<void> => this.#changeWraps((now) => withPin(now, counted));
    const entropy =
      how === 'passkey'
        ? (await unlockByPasskey(wraps, { passkeys: this.#ports.passkeys, leavesCopy: false })).entropy
        : await unlockByPin(wraps, { pin: how.pin, nowMs: this.#ports.now(), count });
    if (entropy === undefined || !equalBytes(entropy, this.#entropy)) {
      throw new WalletError({ code: 'VAULT_DAMAGED' }, 'what is stored was changed; restore from the words');
    }
    if (how !== 'passkey') await this.#changeWraps((now) => now.map(withoutTries));
  }

  noteSheetMade(): Promise<void> {
    return this.#notePaper('sheet', HOLDER);
  }

  helperCards(): Promise<HelperCards> {
    return this.#helperCardsOf({ id: HOLDER, entropy: this.#entropy }, { isAnew: false });
  }

  makeHelperCards(): Promise<HelperCards> {
    return this.#helperCardsOf({ id: HOLDER, entropy: this.#entropy }, { isAnew: true });
  }

  noteHelperCardsMade(): Promise<void> {
    return this.#notePaper('helpers', HOLDER);
  }

  /** Forgets the seed as far as a browser can, and lets another window open the vault. */
  close(): void {
    this.#isClosed = true;
    this.#entropy.fill(0);
    for (const { entropy } of this.#listed) entropy.fill(0);
    this.#listed = [];
    this.#release();
  }

  async #helperCardsOf(
    profile: { readonly id: string; readonly entropy: Uint8Array },
    input: { readonly isAnew: boolean },
  ): Promise<HelperCards> {
    await this.#change(async (record) => {
      // Looked for when it is this call's turn, so that two calls make one set.
      const kept = input.isAnew ? undefined : await keptCards(record, profile);
      if (kept !== undefined) return [record, this.#listed];
      const set = { madeAtMs: this.#ports.now(), cards: await makeHelperCards(profile.entropy) };
      return [await withCards(record, profile, set), this.#listed];
    });
    const set = await keptCards(this.#record, profile);
    if (set === undefined) throw closed();
    return set;
  }

  #notePaper(kind: PaperWrap['kind'], profile: string): Promise<void> {
    return this.#changeWraps((wraps) => [
      ...wraps.filter((wrap) => wrap.kind !== kind || profileOf(wrap) !== profile),
      { kind, madeAtMs: this.#ports.now(), profile },
    ]);
  }

  #profileOf(id: string, name: string, entropy: Uint8Array): Profile {
    return {
      id,
      name,
      words: wordsOf(entropy),
      store: this.#storeOf(id, entropy),
      wrappers: () => wrapperKinds(this.#record, id),
      noteSheetMade: () => this.#notePaper('sheet', id),
      helperCards: () => this.#helperCardsOf({ id, entropy }, { isAnew: false }),
      makeHelperCards: () => this.#helperCardsOf({ id, entropy }, { isAnew: true }),
      noteHelperCardsMade: () => this.#notePaper('helpers', id),
    };
  }

  #storeOf(id: string, entropy: Uint8Array): WalletStore {
    const context = snapshotContext(id);
    return {
      load: async () => {
        const kept = this.#record.snapshots.find((snapshot) => snapshot.id === id);
        if (kept === undefined) return undefined;
        const snapshot = await openAtRest(entropy, context, kept.sealed);
        if (snapshot !== undefined) return snapshot;
        throw new WalletError({ code: 'VAULT_DAMAGED' }, 'what is stored was changed; restore from the words');
      },
      save: (snapshot) =>
        this.#change(async (record) => {
          const sealed = await sealAtRest(entropy, context, snapshot);
          const others = record.snapshots.filter((other) => other.id !== id);
          return [{ ...record, snapshots: [...others, { id, sealed }] }, this.#listed];
        }),
    };
  }

  #changeWraps(change: (wraps: readonly Wrap[]) => readonly Wrap[]): Promise<void> {
    return this.#change((record) => Promise.resolve([{ ...record, wraps: change(record.wraps) }, this.#listed]));
  }

  #checkOpen(): void {
    if (this.#isClosed) throw closed();
  }

  /** One change after the other, each from what the one before left; one that fails changes nothing. */
  #change(change: (record: VaultRecord) => Promise<readonly [VaultRecord, readonly ListedProfile[]]>): Promise<void> {
    const written = this.#written.then(async () => {
      this.#checkOpen();
      const [record, listed] = await change(this.#record);
      if (record !== this.#record) await this.#ports.storage.save(record);
      this.#record = record;
      this.#listed = listed;
    });
    this.#written = written.catch(() => undefined);
    return written;
  }
}

function closed(): WalletError {
  return new WalletError({ code: 'VAULT_CLOSED' }, 'the vault was closed; open it again');
}
