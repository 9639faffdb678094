/** Ways in which opening or sharing goes wrong, the twelve of PW-3 and two more, forced on a phone; each says what its screen must say. */
import type { LocalNet } from '@radledger/devnet';
import { decodeImageRequestLink, decodeInvitationLink, encodeInvitationLink } from '@radledger/handover';
import type { Phone } from './phone.js';
import { type StillNet, standStill } from './stand-still.js';

export interface Failure {
  readonly name: string;
  /** Brings the phone there. */
  readonly force: (phone: Phone) => Promise<void>;
  /** What it says then. */
  readonly says: string | RegExp;
  /** Puts right what others need. */
  readonly undo?: () => void;
}

interface Link {
  readonly link: string;
  readonly code: string;
}

/** The same link with one byte of its message changed. */
function withByte(link: string, index: number, value: number): string {
  const [page, name, encoded = ''] = link.split(/#([ir])=/);
  const bytes = Buffer.from(encoded, 'base64url');
  bytes[index] = value;
  return `${page}#${name}=${bytes.toString('base64url')}`;
}

/** The same invitation with something else said in it. */
export function reissued(link: string, change: { gatewayApi?: string; expiresAtMs?: number }): string {
  return encodeInvitationLink({ ...decodeInvitationLink(link), ...change }, link.split('#')[0] as string);
}

/** A request for images with one of its fields changed, each in a link of its own. */
export function tamperedRequests(link: string): readonly { readonly field: string; readonly link: string }[] {
  const [page, encoded = ''] = link.split('#r=');
  const whole = Buffer.from(encoded, 'base64url');
  const { recipientKey, sealingKey, boxId, gatewayApi, displayName, reason, signature, ...times } =
    decodeImageRequestLink(link);
  const time = (ms: number): Buffer => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64BE(BigInt(ms));
    return bytes;
  };
  const fields = {
    recipientKey,
    sealingKey,
    boxId,
    signature,
    gatewayApi: Buffer.from(gatewayApi),
    displayName: Buffer.from(displayName),
    reason: Buffer.from(reason),
    wantedUntil: time(times.wantedUntilMs),
    expires: time(times.expiresAtMs),
  };
  return Object.entries(fields).map(([field, value]) => {
    const at = whole.indexOf(value);
    if (at < 0) throw new Error(`${field} stands in the bytes of a request`);
    const bytes = Buffer.from(whole);
    const last = at + value.length - 1;
    bytes[last] = (bytes[last] as number) ^ 1;
    return { field, link: `${page}#r=${bytes.toString('base64url')}` };
  });
}

export async function openWith(phone: Phone, { link, code }: Link): Promise<void> {
  await phone.open(link);
  await phone.fill('Six-digit code', code);
  await phone.press('Open my images');
}

/** @param links - `fresh` may be claimed, `claimed` was, `replaced` was followed by a newer one, `takenBack` by the hospital */
export function failures(links: {
  fresh: Link;
  claimed: Link;
  replaced: Link;
  takenBack: Link;
  net: LocalNet;
}): readonly Failure[] {
  const { fresh, claimed, replaced, takenBack, net } = links;
  let still: StillNet | undefined;
  const wrongCode = fresh.code === '123456' ? '123457' : '123456';
  return [
    {
      name: 'offline',
      async force(phone) {
        await phone.open(fresh.link);
        await phone.fill('Six-digit code', fresh.code);
        await phone.context.setOffline(true);
        await phone.press('Open my images');
      },
      says: 'You are offline',
    },
    {
      name: 'wrong code',
      force: (phone) => openWith(phone, { ...fresh, code: wrongCode }),
      says: /You have \d tries left/,
    },
    {
      name: 'expired',
      force: (phone) => openWith(phone, { ...fresh, link: reissued(fresh.link, { expiresAtMs: 1_700_000_000_000 }) }),
      says: 'This link has ended',
    },
    {
      name: 'source down',
      force: (phone) => openWith(phone, { ...fresh, link: reissued(fresh.link, { gatewayApi: 'http://127.0.0.1:9' }) }),
      says: 'No answer right now',
    },
    {
      name: 'confirmation refused',
      async force(phone) {
        await phone.refuseConfirmation();
        await openWith(phone, fresh);
      },
      says: 'Your phone did not confirm that it is you',
    },
    {
      name: 'storage full',
      async force(phone) {
        await phone.open(fresh.link);
        await phone.fillStorage();
        await phone.fill('Six-digit code', fresh.code);
        await phone.press('Open my images');
      },
      says: 'This phone is full',
    },
    {
      name: 'clock wrong',
      async force(phone) {
        await phone.page.clock.setSystemTime(Date.now() + 365 * 86_400_000);
        await openWith(phone, fresh);
      },
      says: 'This phone’s clock is wrong',
    },
    {
      name: 'stale view',
      async force(phone) {
        // Nothing is sealed any more, and for her phone two minutes pass.
        still = standStill(net);
        await phone.followAllBut(still.apis);
        await phone.page.clock.setSystemTime(Date.now() + 2 * 60_000);
        await openWith(phone, fresh);
      },
      says: 'Out of date',
      undo: () => still?.goOn(),
    },
    { name: 'revoked', force: (phone) => openWith(phone, takenBack), says: 'This link is closed' },
    { name: 'opened before', force: (phone) => openWith(phone, claimed), says: 'Already opened' },
    { name: 'replaced', force: (phone) => openWith(phone, replaced), says: 'This link is closed' },
    {
      name: 'unknown version',
      force: (phone) => phone.open(withByte(fresh.link, 1, 2)),
      says: 'This link does not work',
    },
    { name: 'cut off', force: (phone) => phone.open(fresh.link.slice(0, -20)), says: 'This link does not work' },
    {
      name: 'made for another network',
      force: (phone) => openWith(phone, { ...fresh, link: withByte(fresh.link, 10, 0xff) }),
      says: 'This link is for another service',
    },
  ];
}
