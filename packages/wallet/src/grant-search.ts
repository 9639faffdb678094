/**
 * When to look for shares that this device has not made: on another phone of hers, by her delegate, or by whoever has her words.
 * Spec: docs/spec/wallet-keys.md, section 17.
 */
import type { GrantCell, StudyCell } from '@radledger/chain';
import { isRefusal } from '@radledger/client';
import { studyKey } from './ledger-view.js';
import type { CallOptions } from './views.js';
import type { StudyName, WalletCore } from './wallet-core.js';
import type { StudyRecord } from './wallet-state.js';

/** A state is read unasked when one hex digit cuts it into parts that a node answers: up to some 60,000 cells. */
const AFFORDABLE_DIGITS = 1;

export class GrantSearch {
  readonly #core: WalletCore;
  /** The bucket of Allows of each study at the last search: each Allow changes it. */
  readonly #searched = new Map<string, string>();
  /** Studies in which somebody allowed something that no known grant explains. */
  readonly #due = new Set<string>();
  #running: Promise<boolean> | undefined;

  constructor(core: WalletCore) {
    this.#core = core;
  }

  /** Told with each reading of the ledger: nothing is searched where nobody can have allowed anything since. */
  saw(record: StudyRecord, study: StudyCell | undefined, grants: readonly (GrantCell | undefined)[]): void {
    if (study === undefined || !this.#isHers(record, study)) return;
    const name = nameOf(record);
    const last = this.#searched.get(name);
    const isExplained = last !== undefined && grants.some((grant) => grant?.height === study.quota.height);
    const isUntouched = study.quota.height === study.definedHeight;
    if (isUntouched || isExplained || last === bucketOf(study)) this.#due.delete(name);
    else this.#due.add(name);
  }

  /** Searches when something was seen that calls for it. @returns whether it found a share that was not known */
  async whenDue(options: CallOptions): Promise<boolean> {
    if (this.#due.size === 0) return false;
    this.#running ??= this.affordable(options).finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** Reads a state that is not too large; in a larger one nothing is found. @returns as `whenDue` */
  affordable(options: CallOptions): Promise<boolean> {
    return this.#search(options, AFFORDABLE_DIGITS);
  }

  /** Reads the state however large it is. @returns as `whenDue` */
  everywhere(options: CallOptions): Promise<boolean> {
    return this.#search(options);
  }

  async #search({ signal }: CallOptions, digitsMax?: number): Promise<boolean> {
    const core = this.#core;
    const known = core.state.studies;
    const cells = await core.ledger.studies(known, signal);
    const studies = known.flatMap((record, at) => {
      const study = cells[at];
      return study !== undefined && this.#isHers(record, study) ? [{ record, study }] : [];
    });
    const { findGrants } = await import('./finding-grants.js');
    let isFound = false;
    try {
      const limits = { ...(digitsMax === undefined ? {} : { digitsMax }), ...(signal && { signal }) };
      isFound = await findGrants(core, { studies, ...limits });
    } catch (error) {
      if (digitsMax === undefined || !isRefusal(error, 'BUCKET_TOO_LARGE')) throw error;
    }
    for (const { record, study } of studies) {
      this.#searched.set(nameOf(record), bucketOf(study));
      this.#due.delete(nameOf(record));
    }
    return isFound;
  }

  /** Those that she acts for somebody in, handed over, or lost show what is not hers, or nothing. */
  #isHers(record: StudyRecord, study: StudyCell): boolean {
    return record.role === 'owner' && this.#core.viewOf(record, study).status === 'active';
  }
}

function nameOf({ source, studyId }: StudyName): string {
  return studyKey(source, studyId);
}

function bucketOf({ quota }: StudyCell): string {
  return `${quota.units}/${quota.height}`;
}
