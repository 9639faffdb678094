/** What the screens show: studies and the people who can see them, as the ledger has them, or had them last. */
import { toHex } from '@radledger/primitives';
import type { GrantView, Overview, PendingView, StudyOverview } from '@radledger/wallet';

export interface Study {
  /** 64 hex: names it inside the app. */
  readonly id: string;
  readonly studyId: Uint8Array;
  readonly hospital: string | undefined;
  readonly label: string | undefined;
  readonly state: 'being-sealed' | 'ready' | 'gone';
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

export interface Shelf {
  readonly studies: readonly Study[];
  readonly people: readonly Person[];
  readonly asOfMs: number;
}

/** Whether somebody can see something by it, or will without another word of hers. */
export const isSeeing = ({ state }: Share): boolean => state === 'waiting' || state === 'live' || state === 'stopping';

/** Whether there is still something to stop. */
export const canStop = ({ state }: Share): boolean => state === 'waiting' || state === 'live';

/** What an overview shows, with what is not done yet. */
export function shelfOf({ atMs, studies }: Overview, pending: readonly PendingView[]): Shelf {
  const people = new Map<string, Person>();
  for (const view of studies) {
    const study = studyOf(view);
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
  return { studies: studies.map(studyOf).reverse(), people: [...people.values()], asOfMs: atMs };
}

/** The part of a gateway's address that a person can recognise. */
export function hostOf(gatewayApi: string): string {
  return new URL(gatewayApi).host;
}

function studyOf({ studyId, status, label, sourceName }: StudyOverview): Study {
  const state = status === 'awaiting-publication' ? 'being-sealed' : status === 'active' ? 'ready' : 'gone';
  return { id: toHex(studyId), studyId, hospital: sourceName, label, state };
}

function shareOf(study: Study, grant: GrantView, pending: readonly PendingView[]): Share {
  const { tag, notAfterMs: untilMs, noticeDelivered, stoppedAtMs } = grant;
  const own = pending.filter((todo) => todo.tag !== undefined && toHex(todo.tag) === toHex(tag));
  const heldUntilMs = own.find(({ isHeldBack }) => isHeldBack)?.nextTryAtMs;
  const isRefused = own.some(({ state }) => state === 'refused');
  return { study, tag, untilMs, noticeDelivered, heldUntilMs, stoppedAtMs, state: stateOf(grant, isRefused) };
}

function stateOf(grant: GrantView, isRefused: boolean): Share['state'] {
  if (grant.status === 'revoked') return 'stopped';
  if (grant.isStopping) return 'stopping';
  if (isRefused) return 'refused';
  if (grant.isAllowing) return 'waiting';
  return grant.status === 'live' ? 'live' : 'ended';
}
