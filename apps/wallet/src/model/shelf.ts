/** What the screens show: studies and the people who can see them, as the ledger has them, or had them last. */
import type { Role } from '@radledger/handover';
import { toHex } from '@radledger/primitives';
import type { GrantView, Overview, PendingView, StudyOverview } from '@radledger/wallet';

export interface Study {
  /** 64 hex: names it inside the app. */
  readonly id: string;
  readonly studyId: Uint8Array;
  readonly hospital: string | undefined;
  readonly label: string | undefined;
  /** How the hospital knew who she is, where it says so. */
  readonly identity?: StudyOverview['identity'];
  /** `handing-over`: it will be, or is, somebody else's. `erased`: at her wish; nothing of it is left but a note. */
  readonly state: 'being-sealed' | 'ready' | 'gone' | 'erased' | 'handing-over' | 'handed-over';
  /** The hospital's signed note that it erased the study. */
  readonly erasureNote?: Uint8Array;
  /** Of a study that is somebody else's, for whom she acts. */
  readonly actsFor:
    | {
        /** What its owner calls herself; undefined when only the ledger remembers. */
        readonly name: string | undefined;
        readonly untilMs: number;
        /** Hers, for it: 64 hex; undefined when the ledger names nobody. */
        readonly key: string | undefined;
      }
    | undefined;
}

/** What one study lets one person see. */
export interface Share {
  readonly study: Study;
  readonly tag: Uint8Array;
  readonly untilMs: number;
  /** `waiting`: she allowed it, and it is not sealed yet. `refused`: it never will be. */
  readonly state: 'waiting' | 'refused' | 'live' | 'stopping' | 'stopped' | 'ended';
  /** When it is sent, while it is held back so that others do not see that it belongs to the same person. */
  readonly heldUntilMs: number | undefined;
  readonly stoppedAtMs: number | undefined;
  readonly noticeDelivered: boolean;
  /** What she agreed to, where it is kept. */
  readonly receipt: Uint8Array | undefined;
}

/** Somebody who was allowed something. */
export interface Person {
  readonly id: string;
  /** What they call themselves, else their address; undefined when only the ledger remembers that somebody was let in. */
  readonly name: string | undefined;
  /** The web address, or the ledger's name, when they call themselves something else. */
  readonly address: string | undefined;
  readonly reason: string | undefined;
  readonly shares: readonly Share[];
}

/** Somebody to whom she gave a role in her studies: to act for her, or to have them from now on. */
export interface Chosen {
  /** The id of the first study: each is given to one person. */
  readonly id: string;
  readonly role: Role;
  /** What they call themselves; undefined when only the ledger remembers. */
  readonly name: string | undefined;
  /** The end of acting for her. */
  readonly untilMs: number;
  readonly studies: readonly {
    readonly study: Study;
    /** Theirs, for it: 64 hex. */
    readonly key: string;
    readonly state: 'waiting' | 'refused' | 'done' | 'ending' | 'ended';
    /** When it is sent, while it is held back. */
    readonly heldUntilMs: number | undefined;
  }[];
}

export interface Shelf {
  readonly studies: readonly Study[];
  readonly people: readonly Person[];
  readonly chosen: readonly Chosen[];
  readonly asOfMs: number;
}

/** Whether somebody can see something by it, or will without another word of hers. */
export const isSeeing = ({ state }: Share): boolean => state === 'waiting' || state === 'live' || state === 'stopping';

/** Whether there is still something to stop. */
export const canStop = ({ state }: Share): boolean => state === 'waiting' || state === 'live';

/** Whether somebody acts for her in a study, or will without another word of hers. */
export const isActing = ({ state }: Chosen['studies'][number]): boolean =>
  state === 'waiting' || state === 'done' || state === 'ending';

/** Whether there is still something to end. */
export const canEnd = ({ state }: Chosen['studies'][number]): boolean => state === 'waiting' || state === 'done';

/** Whether anybody can see something, or acts for her, whom she could stop. */
export function isAnybodyLetIn(shelf: Shelf | undefined): boolean {
  if (shelf === undefined) return false;
  const isSeen = shelf.people.some(({ shares }) => shares.some(canStop));
  return isSeen || actingIn(shelf).some(({ studies }) => studies.some(canEnd));
}

/** Those who act for her; in one study, or in any. */
export function actingIn({ chosen }: Shelf, studyId?: string): readonly Chosen[] {
  return chosen.filter(
    ({ role, studies }) =>
      role === 'delegate' && studies.some((one) => isActing(one) && (studyId ?? one.study.id) === one.study.id),
  );
}

/** What an overview shows, with what is not done yet. */
export function shelfOf({ atMs, studies }: Overview, pending: readonly PendingView[]): Shelf {
  const people = new Map<string, Person>();
  for (const view of studies) {
    const study = studyOf(view, atMs, pending);
    for (const grant of view.grants) {
      const id = toHex(grant.recipientKey ?? grant.tag);
      const known = people.get(id);
      const address = grant.receiver?.name ?? (grant.gatewayApi === undefined ? undefined : hostOf(grant.gatewayApi));
      const name = grant.receiver?.displayName || address;
      const shares = [...(known?.shares ?? []), shareOf(study, grant, pending)];
      people.set(id, {
        id,
        name: name ?? known?.name,
        address: name === undefined ? known?.address : address === name ? undefined : address,
        reason: grant.reason ?? known?.reason,
        shares,
      });
    }
  }
  const all = studies.map((view) => studyOf(view, atMs, pending));
  return {
    studies: all.reverse(),
    people: [...people.values()],
    chosen: chosenOf(studies, atMs, pending),
    asOfMs: atMs,
  };
}

/**
 * One person is what has one role, name and last day: each study has a key of its own, so that nothing else tells. Of whom nobody knows the
 * name, each study is somebody else's.
 */
function chosenOf(views: readonly StudyOverview[], atMs: number, pending: readonly PendingView[]): readonly Chosen[] {
  const found = new Map<string, Chosen>();
  for (const view of views) {
    const chosen = chosenIn(view, atMs, pending);
    if (chosen === undefined) continue;
    const { role, name, untilMs } = chosen;
    const who = name === undefined ? chosen.id : `${role}/${untilMs}/${name}`;
    const known = found.get(who);
    found.set(who, known === undefined ? chosen : { ...known, studies: [...known.studies, ...chosen.studies] });
  }
  return [...found.values()];
}

function chosenIn(view: StudyOverview, atMs: number, pending: readonly PendingView[]): Chosen | undefined {
  if (view.role !== 'owner') return undefined;
  const { given, delegate } = view;
  const todos = pending.filter(({ studyId, tag }) => tag === undefined && toHex(studyId) === toHex(view.studyId));
  const todo = todos.find(({ kind }) => kind === 'delegate' || kind === 'move');
  const isEnding = todos.some(({ kind }) => kind === 'end-delegate');
  const of = (
    state: Chosen['studies'][number]['state'],
    role: Role,
    name: string | undefined,
    { key, notAfterMs: untilMs }: { readonly key: Uint8Array; readonly notAfterMs: number },
  ): Chosen => {
    const heldUntilMs = todo?.isHeldBack === true ? todo.nextTryAtMs : undefined;
    const study = studyOf(view, atMs, pending);
    return { id: study.id, role, name, untilMs, studies: [{ study, key: toHex(key), state, heldUntilMs }] };
  };
  if (given !== undefined && todo !== undefined && !isEnding) {
    return of(todo.state === 'refused' ? 'refused' : 'waiting', given.role, given.name, given);
  }
  if (given?.role === 'owner' && view.status === 'moved-away') return of('done', 'owner', given.name, given);
  if (delegate !== undefined) {
    const name = given !== undefined && toHex(given.key) === toHex(delegate.key) ? given.name : undefined;
    const state = isEnding ? 'ending' : delegate.notAfterMs > atMs ? 'done' : 'ended';
    return of(state, 'delegate', name, delegate);
  }
  return given?.role === 'delegate' ? of(isEnding ? 'ending' : 'ended', 'delegate', given.name, given) : undefined;
}

/** The part of a gateway's address that a person can recognise. */
export function hostOf(gatewayApi: string): string {
  return new URL(gatewayApi).host;
}

function studyOf(view: StudyOverview, atMs: number, pending: readonly PendingView[]): Study {
  const { studyId, label, identity, sourceName, role, from, delegate, erasureNote } = view;
  const study = { id: toHex(studyId), studyId, hospital: sourceName, label, identity };
  if (erasureNote !== undefined) return { ...study, state: 'erased', actsFor: undefined, erasureNote };
  const state = stateOfStudy(view, pending);
  if (role === 'owner') return { ...study, state, actsFor: undefined };
  const untilMs = delegate?.notAfterMs ?? 0;
  const isOver = state === 'gone' || untilMs <= atMs;
  const actsFor = { name: from === '' ? undefined : from, untilMs, key: delegate && toHex(delegate.key) };
  return { ...study, state: isOver ? 'gone' : state, actsFor };
}

function stateOfStudy(
  { studyId, status, role, given }: StudyOverview,
  pending: readonly PendingView[],
): Study['state'] {
  if (status === 'awaiting-publication') return 'being-sealed';
  if (status === 'active') {
    const isMoving = pending.some(
      ({ kind, state, studyId: id }) => kind === 'move' && state !== 'refused' && toHex(id) === toHex(studyId),
    );
    return isMoving ? 'handing-over' : 'ready';
  }
  return status === 'moved-away' && role === 'owner' && given?.role === 'owner' ? 'handed-over' : 'gone';
}

function shareOf(study: Study, grant: GrantView, pending: readonly PendingView[]): Share {
  const { tag, notAfterMs: untilMs, noticeDelivered, stoppedAtMs, receipt } = grant;
  const own = pending.filter((todo) => todo.tag !== undefined && toHex(todo.tag) === toHex(tag));
  const heldUntilMs = own.find(({ isHeldBack }) => isHeldBack)?.nextTryAtMs;
  const isRefused = own.some(({ kind, state }) => kind === 'allow' && state === 'refused');
  return { study, tag, untilMs, noticeDelivered, heldUntilMs, stoppedAtMs, receipt, state: stateOf(grant, isRefused) };
}

function stateOf(grant: GrantView, isRefused: boolean): Share['state'] {
  if (grant.status === 'revoked') return 'stopped';
  if (grant.isStopping) return 'stopping';
  if (isRefused) return 'refused';
  if (grant.isAllowing) return 'waiting';
  return grant.status === 'live' ? 'live' : 'ended';
}
