/**
 * What she asked for and is not done yet: written down before anything is sent, tried again until it is done, Stop before everything else.
 * Spec: docs/spec/wallet-keys.md, section 13.
 */
import { type RoleAnswer, type SignedImageRequest, verifyImageRequest } from '@radledger/handover';
import { equalBytes, randomBytes, toHex } from '@radledger/primitives';
import { WalletError } from './errors.js';
import { givenBy, isRoleTodo, sendRole } from './giving.js';
import {
  changeGrant,
  deliverNotice,
  grantFor,
  leaveNote,
  nameReader,
  putGrant,
  sendAllow,
  sendStop,
} from './granting.js';
import { showGrants } from './showing.js';
import { refreshSecrets } from './study-secrets.js';
import { endOfDay } from './usable-study.js';
import { type GrantView, type LongOptions, type PendingView, pendingViewOf } from './views.js';
import { isSameStudy, signalOf, type StudyName, type WalletCore } from './wallet-core.js';
import { erasureNoteOf, type GrantRecord, type StudyRecord, type Todo, type WalletState } from './wallet-state.js';

/** Two Allows of one sitting that enter one block are linked by it: each further one waits a random part of this, in milliseconds. */
export const GRANT_SPREAD_MS = 600_000;
/** First wait after a failure; doubled each time, up to an hour. */
const RETRY_MS = { min: 10_000, max: 3_600_000 } as const;
const NO_TAG = new Uint8Array(32);

/** Errors that no later try mends. */
const FINAL: ReadonlySet<string> = new Set([
  'STUDY_UNKNOWN',
  'STUDY_NOT_ACTIVE',
  'NOT_OWNER',
  'END_DATE_REFUSED',
  'GRANT_UNKNOWN',
  'ACCEPTANCE_MISMATCH',
]);

/** The todos of one wallet. */
export class Outbox {
  readonly #core: WalletCore;
  /** What is being tried now, by the name of the todo: who wants the same meanwhile shares the try. */
  readonly #trying = new Map<string, Promise<boolean>>();
  #running: Promise<void> | undefined;

  constructor(core: WalletCore) {
    this.#core = core;
  }

  pending(): readonly PendingView[] {
    return this.#core.state.todos.map(pendingViewOf);
  }

  /** See `Wallet.queueStop`. */
  async stop({ studyId, tag }: { studyId: Uint8Array; tag: Uint8Array }): Promise<void> {
    const record = this.#core.record(studyId);
    if (!record.grants.some((grant) => equalBytes(grant.tag, tag))) throw unknownGrant();
    await this.#core.update((state) => {
      const isOwn = (todo: Todo) => isSameStudy(todo, record) && equalBytes(todo.tag, tag);
      const sent = state.todos.some((todo) => isOwn(todo) && todo.kind === 'allow' && todo.isSent);
      const todos = state.todos.filter((todo) => !isOwn(todo));
      const known = state.studies
        .find((study) => equalBytes(study.studyId, studyId))
        ?.grants.find((grant) => equalBytes(grant.tag, tag));
      // An Allow that never left is simply taken back.
      if (known?.sequence === 0 && !sent) return { todos, studies: withoutGrant(state, record, tag) };
      return { todos: [...todos, this.#todo('stop', record, tag)] };
    });
  }

  /** See `Wallet.queueAllow`. */
  async allow(input: {
    studyId: Uint8Array;
    request: SignedImageRequest;
    notAfterMs: number;
    receipt?: Uint8Array;
    sendNow?: boolean;
  }): Promise<Uint8Array> {
    const core = this.#core;
    // The source did not answer when she came back: it is asked again, and says itself what is wrong.
    if (core.record(input.studyId).secrets === undefined) await refreshSecrets(core, input.studyId);
    const record = core.record(input.studyId);
    await verifyImageRequest(input.request, { chainId: core.chainId, nowMs: core.now() });
    // A delegate must not go beyond her own end, which may lie within a day.
    const notAfterMs = record.role === 'owner' ? endOfDay(input.notAfterMs) : input.notAfterMs;
    const grant = grantFor(core, record, { ...input, notAfterMs });
    await core.update((state) => {
      const isFirst = !state.todos.some(({ kind, refusal }) => kind === 'allow' && refusal === '');
      const isSpread = input.sendNow !== true && !isFirst;
      const others = state.todos.filter(
        (todo) =>
          !(isSameStudy(todo, record) && equalBytes(todo.tag, grant.tag) && (todo.kind !== 'stop' || !todo.isSent)),
      );
      const todo = this.#todo('allow', record, grant.tag);
      const dueAtMs = isSpread ? todo.askedAtMs + spread() : todo.askedAtMs;
      return {
        studies: state.studies.map((study) => (isSameStudy(study, record) ? putGrant(study, grant) : study)),
        todos: [...others, { ...todo, dueAtMs, isSpread: input.sendNow !== true }],
      };
    });
    return grant.tag;
  }

  /** See `Wallet.queueRole`. */
  async give({ answer, notAfterMs }: { answer: RoleAnswer; notAfterMs: number }): Promise<void> {
    const given = givenBy(this.#core, answer, notAfterMs);
    const kind = answer.role === 'delegate' ? 'delegate' : 'move';
    await this.#core.update((state) => {
      const others = state.todos.filter(
        (todo) => !(isRoleTodo(todo.kind) && given.some(({ record }) => isSameStudy(todo, record))),
      );
      const todos = given.map(({ record }, at) => {
        const todo = this.#todo(kind, record, NO_TAG);
        return { ...todo, isSpread: true, dueAtMs: at === 0 ? todo.askedAtMs : todo.askedAtMs + spread() };
      });
      const givenTo = (study: StudyRecord) => given.find(({ record }) => isSameStudy(record, study))?.given;
      return {
        todos: [...others, ...todos],
        studies: state.studies.map((study) => ({ ...study, given: givenTo(study) ?? study.given })),
      };
    });
  }

  /** See `Wallet.queueEndDelegate`. */
  async endDelegate(studyId: Uint8Array): Promise<void> {
    const record = this.#core.record(studyId);
    await this.#core.update(({ todos }) => {
      // One that may stand on the ledger stays: its end is sent after it.
      const isOver = (todo: Todo) =>
        isSameStudy(todo, record) && (todo.kind === 'end-delegate' || (todo.kind === 'delegate' && !todo.isSent));
      return { todos: [...todos.filter((todo) => !isOver(todo)), this.#todo('end-delegate', record, NO_TAG)] };
    });
  }

  /** See `Wallet.queueStopAll`. */
  async stopAll(): Promise<void> {
    const { seen, studies, todos } = this.#core.state;
    for (const record of studies) {
      const last = seen?.studies.find((study) => isSameStudy(study, record));
      for (const { tag, notAfterMs } of record.grants) {
        const isStopping = todos.some(
          (todo) => todo.kind === 'stop' && isSameStudy(todo, record) && equalBytes(todo.tag, tag),
        );
        const status = last?.grants.find((grant) => equalBytes(grant.tag, tag))?.status;
        const isOver = status === 'revoked' || status === 'ended' || notAfterMs <= this.#core.now();
        if (!isStopping && !isOver) await this.stop({ studyId: record.studyId, tag });
      }
      const isNaming = todos.some((todo) => todo.kind === 'delegate' && isSameStudy(todo, record));
      if (record.role === 'owner' && (isNaming || last?.delegate !== undefined)) await this.endDelegate(record.studyId);
    }
  }

  /** Leaves the note of each of her studies anew. */
  async leaveNotes(): Promise<void> {
    await this.#core.update(({ studies, todos, seen }) => {
      const isGone = (record: StudyRecord) =>
        erasureNoteOf(record) !== undefined ||
        seen?.studies.some((study) => isSameStudy(study, record) && study.status === 'moved-away') === true;
      const own = studies.filter((record) => record.role === 'owner' && !isGone(record));
      const notes = own.map((record) => this.#todo('note', record, NO_TAG));
      return { todos: [...todos, ...notes.filter((note) => !todos.some((other) => isSameTodo(other, note)))] };
    });
  }

  /** See `Wallet.sendNow`. */
  async sendNow(): Promise<void> {
    const dueAtMs = this.#core.now();
    await this.#core.update(({ todos }) => ({
      todos: todos.map((todo) => (todo.isSpread ? { ...todo, dueAtMs, isSpread: false } : todo)),
    }));
  }

  /** See `Wallet.dismiss`. */
  async dismiss(input: { studyId: Uint8Array; tag: Uint8Array }): Promise<void> {
    const record = this.#core.record(input.studyId);
    await this.#core.update((state) => {
      const isRefused = (todo: Todo) =>
        todo.refusal !== '' && isSameStudy(todo, record) && equalBytes(todo.tag, input.tag);
      const wasAllow = state.todos.some((todo) => isRefused(todo) && todo.kind === 'allow' && !todo.isSent);
      return {
        todos: state.todos.filter((todo) => !isRefused(todo)),
        ...(wasAllow ? { studies: withoutGrant(state, record, input.tag, true) } : {}),
      };
    });
  }

  /** See `Wallet.sendStops`. All at once and whatever their last failure asked to wait; a retrieval is refused from first sight. */
  async sendStops(options: LongOptions): Promise<void> {
    await Promise.all([
      ...this.#open('stop').map((todo) => this.#attempt(todo, options)),
      ...this.#open('end-delegate').map((todo) => this.#attemptEnd(todo, options)),
    ]);
  }

  /** See `Wallet.flush`. Who calls meanwhile shares the run; what she stopped since does not wait for it. */
  async flush(options: LongOptions): Promise<{ readonly left: number; readonly nextAtMs?: number }> {
    const stopped = this.sendStops(options);
    this.#running ??= stopped
      .then(() => this.#run(options))
      .finally(() => {
        this.#running = undefined;
      });
    await Promise.all([stopped, this.#running]);
    const open = this.#core.state.todos.filter(({ refusal }) => refusal === '');
    const nextAtMs = Math.min(...open.map(({ dueAtMs }) => dueAtMs));
    return { left: open.length, ...(open.length === 0 ? {} : { nextAtMs }) };
  }

  async #run(options: LongOptions): Promise<void> {
    let isOneSent = false;
    for (const todo of [...this.#due('allow'), ...this.#due('delegate'), ...this.#due('move')]) {
      if (this.#open('stop').some((stop) => equalBytes(stop.tag, todo.tag))) continue;
      if (todo.kind === 'delegate' && this.#open('end-delegate').some((end) => isSameStudy(end, todo))) continue;
      // After a time without network several are due: they must not arrive together.
      if (todo.isSpread && isOneSent) await this.#put({ ...todo, dueAtMs: this.#core.now() + spread() });
      else isOneSent = (await this.#attempt(todo, options)) || isOneSent;
    }
    for (const kind of ['notice', 'name', 'note'] as const) {
      for (const todo of this.#due(kind)) await this.#attempt(todo, options);
    }
  }

  /** A delegation that was sent and is not final could come after its end: it is waited for. */
  async #attemptEnd(end: Todo, options: LongOptions): Promise<void> {
    const begun = this.#open('delegate').find((todo) => isSameStudy(todo, end));
    if (begun !== undefined && !(await this.#attempt(begun, options))) return;
    await this.#attempt(end, options);
  }

  /** @returns whether it is done */
  #attempt(todo: Todo, options: LongOptions): Promise<boolean> {
    const name = `${todo.kind}/${toHex(todo.source)}/${toHex(todo.studyId)}/${toHex(todo.tag)}`;
    const trying =
      this.#trying.get(name) ??
      this.#tryOnce(todo, options).finally(() => {
        this.#trying.delete(name);
      });
    this.#trying.set(name, trying);
    return trying;
  }

  async #tryOnce(todo: Todo, options: LongOptions): Promise<boolean> {
    const core = this.#core;
    try {
      if (!(await this.#perform(todo, options))) throw new Error('not taken');
    } catch (error) {
      options.signal?.throwIfAborted();
      const current = core.state.todos.find((other) => isSameTodo(other, todo));
      if (current === undefined) return false;
      const isFinal = error instanceof WalletError && FINAL.has(error.code);
      const waitMs = Math.min(RETRY_MS.max, RETRY_MS.min * 2 ** Math.min(current.attempts, 16));
      await this.#put({
        ...current,
        attempts: current.attempts + 1,
        dueAtMs: core.now() + waitMs,
        refusal: isFinal ? error.code : '',
      });
      return false;
    }
    return true;
  }

  async #perform(todo: Todo, options: LongOptions): Promise<boolean> {
    const core = this.#core;
    const record = core.record(todo.studyId);
    if (todo.kind === 'note') {
      if (!(await leaveNote(core, record.studyId, options))) return false;
      await this.#done(todo, []);
      return true;
    }
    if (isRoleTodo(todo.kind)) {
      const beforeSending = async (): Promise<void> => {
        await this.#put({ ...todo, isSent: true });
        if (!core.state.todos.some((other) => isSameTodo(other, todo))) throw new Error('taken back meanwhile');
      };
      await sendRole(core, { kind: todo.kind, record, beforeSending }, options);
      await this.#done(todo, []);
      return true;
    }
    const grant = record.grants.find(({ tag }) => equalBytes(tag, todo.tag));
    if (grant === undefined) throw unknownGrant();
    const note = this.#todo('note', record, NO_TAG);
    if (todo.kind === 'stop') {
      const beforeSending = () => this.#put({ ...todo, isSent: true });
      const isThere = todo.isSent && (await this.#view(record, grant, options))?.status === 'revoked';
      if (!isThere) await sendStop(core, { record, tag: grant.tag, beforeSending }, options);
      else await changeGrant(core, record, grant, { stoppedAtMs: core.now() });
      await this.#done(todo, [note]);
    } else if (todo.kind === 'allow') {
      const beforeSending = (sent: GrantRecord) =>
        core.update(({ studies, todos }) => {
          // She stopped it while it was being made ready.
          if (!todos.some((other) => isSameTodo(other, todo))) throw new Error('taken back meanwhile');
          return {
            studies: studies.map((study) => (isSameStudy(study, record) ? putGrant(study, sent) : study)),
            todos: todos.map((other) => (isSameTodo(other, todo) ? { ...todo, isSent: true } : other)),
          };
        });
      const view = todo.isSent ? await this.#view(record, grant, options) : undefined;
      const isThere = view?.status === 'live' && view.notAfterMs === grant.notAfterMs;
      if (!isThere) await sendAllow(core, { record, grant, beforeSending }, options);
      const kinds = grant.receiver === undefined || record.role !== 'owner' ? [] : (['name'] as const);
      const next = (['notice', ...kinds] as const).map((kind) => this.#todo(kind, record, grant.tag));
      await this.#done(todo, [...next, note]);
    } else if (todo.kind === 'name') {
      await nameReader(core, record, grant, options);
      await this.#done(todo, []);
    } else {
      // A notice tells what the study is: nobody hears that whose grant has ended meanwhile.
      const isLive = (await this.#view(record, grant, options))?.status === 'live';
      if (isLive && !(await deliverNotice(core, record, grant, options))) return false;
      await this.#done(todo, []);
    }
    return true;
  }

  async #view(record: StudyRecord, grant: GrantRecord, options: LongOptions): Promise<GrantView | undefined> {
    const views = await showGrants(this.#core, record.studyId, signalOf(options));
    return views.find(({ tag }) => equalBytes(tag, grant.tag));
  }

  #open(kind: Todo['kind']): readonly Todo[] {
    return this.#core.state.todos.filter((todo) => todo.kind === kind && todo.refusal === '');
  }

  #due(kind: Todo['kind']): readonly Todo[] {
    const nowMs = this.#core.now();
    return this.#open(kind).filter(({ dueAtMs }) => dueAtMs <= nowMs);
  }

  #todo(kind: Todo['kind'], record: StudyRecord, tag: Uint8Array): Todo {
    const nowMs = this.#core.now();
    const { source, studyId } = record;
    return {
      kind,
      source,
      studyId,
      tag,
      askedAtMs: nowMs,
      dueAtMs: nowMs,
      attempts: 0,
      isSent: false,
      isSpread: false,
      refusal: '',
    };
  }

  /** Puts a changed todo in place of the one it was; one that was taken back meanwhile stays away. */
  #put(changed: Todo): Promise<void> {
    return this.#core.update(({ todos }) => ({
      todos: todos.map((other) => (isSameTodo(other, changed) ? changed : other)),
    }));
  }

  #done(todo: Todo, next: readonly Todo[]): Promise<void> {
    return this.#core.update(({ todos }) => {
      const left = todos.filter((other) => !isSameTodo(other, todo));
      return { todos: [...left, ...next.filter((added) => !left.some((other) => isSameTodo(other, added)))] };
    });
  }
}

function isSameTodo(a: Todo, b: Todo): boolean {
  return a.kind === b.kind && isSameStudy(a, b) && equalBytes(a.tag, b.tag);
}

function withoutGrant(
  state: WalletState,
  study: StudyName,
  tag: Uint8Array,
  onlyUnsent = false,
): WalletState['studies'] {
  const isLeft = (grant: GrantRecord) => !equalBytes(grant.tag, tag) || (onlyUnsent && grant.sequence > 0);
  return state.studies.map((record) =>
    isSameStudy(record, study) ? { ...record, grants: record.grants.filter(isLeft) } : record,
  );
}

function spread(): number {
  const [high = 0, low = 0] = randomBytes(2);
  return Math.floor(((high * 256 + low + 1) / 65_536) * GRANT_SPREAD_MS);
}

function unknownGrant(): WalletError {
  return new WalletError({ code: 'GRANT_UNKNOWN' }, 'this study has no such grant');
}
