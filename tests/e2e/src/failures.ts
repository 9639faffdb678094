/** Ways in which opening or sharing goes wrong, the twelve of PW-3 and two more, forced on a phone; each says what its screen must say. */
import type { LocalNet } from '@radledger/devnet';
import { decodeImageRequestLink, decodeInvitationLink, encodeInvitationLink } from '@radledger/handover';
import type { Phone } from './phone.js';
import { type StillNet, standStill } from './stand-still.js';

export interface Failure {
  readonly name: string;
  /** Brings the phone there. */
  readonly force: (phone: Phone) => Promise<void>;
  /** Title of what it says then. */
  readonly says: string;
  readonly helpCode: string;
  /** Puts right what was wrong. */
  readonly mend?: (phone: Phone) => Promise<void>;
  /** Presses the way on that the screen offers. */
  readonly goOn: (phone: Phone) => Promise<void>;
  /** The study that she has then and had not before. */
  readonly brings?: string;
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

/** An invitation with one of its fields changed, and what is said then. */
export function tamperedInvitations(
  link: string,
): readonly { readonly field: string; readonly link: string; readonly says: string }[] {
  const [page = '', encoded = ''] = link.split('#i=');
  const whole = Buffer.from(encoded, 'base64url');
  const { chainId, secret, source, gatewayApi } = decodeInvitationLink(link);
  const changed = (value: Uint8Array): string => {
    const at = whole.indexOf(value);
    if (at < 0) throw new Error('a field stands in the bytes of an invitation');
    return withByte(link, at + value.length - 1, (value.at(-1) ?? 0) ^ 1);
  };
  return [
    { field: 'chainId', link: changed(chainId), says: 'This link is for another service' },
    { field: 'secret', link: changed(secret), says: 'This link is closed' },
    { field: 'source', link: changed(source), says: 'This link is for another service' },
    { field: 'gatewayApi', link: changed(Buffer.from(gatewayApi)), says: 'No answer right now' },
    { field: 'one byte more', link: `${page}#i=${encoded}AA`, says: 'This link does not work' },
  ];
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

const tryAgain = (phone: Phone): Promise<void> => phone.press('Try again');
const goHome = (phone: Phone): Promise<void> => phone.press('To my images');

/**
 * @param links.invite - gives an invitation to a study of that name, for a failure after which it can be opened
 * @param links - `unused` is opened by none of them; `claimed` was, `replaced` was followed by a newer one, `takenBack` by the hospital
 */
export function failures(links: {
  invite: (label: string) => Promise<Link>;
  unused: Link;
  claimed: Link;
  replaced: Link;
  takenBack: Link;
  net: LocalNet;
}): readonly Failure[] {
  const { invite, unused, claimed, replaced, takenBack, net } = links;
  const { origin: gateway } = new URL(decodeInvitationLink(unused.link).gatewayApi);
  const opening = async (phone: Phone, { link, code }: Link, meanwhile: () => Promise<void>): Promise<void> => {
    await phone.open(link);
    await phone.fill('Six-digit code', code);
    await meanwhile();
    await phone.press('Open my images');
  };
  const setClock = (phone: Phone, ms: number): Promise<void> => phone.page.clock.setSystemTime(ms);
  let rightCode = '';
  let still: StillNet | undefined;
  return [
    {
      name: 'offline',
      force: async (phone) => opening(phone, await invite('CT, offline'), () => phone.context.setOffline(true)),
      says: 'You are offline',
      helpCode: 'M4K7',
      mend: (phone) => phone.context.setOffline(false),
      goOn: tryAgain,
      brings: 'CT, offline',
    },
    {
      name: 'wrong code',
      async force(phone) {
        const { link, code } = await invite('CT, wrong code');
        rightCode = code;
        await openWith(phone, { link, code: code === '123456' ? '123457' : '123456' });
        await phone.page.getByText('You have 4 tries left.').waitFor();
      },
      says: 'That code is not right',
      helpCode: 'A7XM',
      async goOn(phone) {
        await phone.fill('Six-digit code', rightCode);
        await phone.press('Open my images');
      },
      brings: 'CT, wrong code',
    },
    {
      name: 'expired',
      force: (phone) => openWith(phone, { ...unused, link: reissued(unused.link, { expiresAtMs: 1_700_000_000_000 }) }),
      says: 'This link has ended',
      helpCode: 'J5TP',
      goOn: goHome,
    },
    {
      name: 'source down',
      force: async (phone) => opening(phone, await invite('CT, source down'), () => phone.cutOff([gateway])),
      says: 'No answer right now',
      helpCode: 'T9QD',
      mend: (phone) => phone.reconnect(),
      goOn: tryAgain,
      brings: 'CT, source down',
    },
    {
      name: 'confirmation refused',
      force: async (phone) => opening(phone, await invite('CT, not confirmed'), () => phone.dismissConfirmation()),
      says: 'Your phone did not confirm that it is you',
      helpCode: 'H4NC',
      goOn: tryAgain,
      brings: 'CT, not confirmed',
    },
    {
      name: 'storage full',
      force: async (phone) => opening(phone, await invite('CT, full'), () => phone.fillStorage()),
      says: 'This phone is full',
      helpCode: 'F6YB',
      mend: (phone) => phone.emptyStorage(),
      goOn: tryAgain,
      brings: 'CT, full',
    },
    {
      name: 'clock wrong',
      async force(phone) {
        const fresh = await invite('CT, clock');
        await setClock(phone, Date.now() + 365 * 86_400_000);
        await openWith(phone, fresh);
      },
      says: 'This phone’s clock is wrong',
      helpCode: 'P8KM',
      mend: (phone) => setClock(phone, Date.now()),
      goOn: tryAgain,
      brings: 'CT, clock',
    },
    {
      name: 'stale view',
      async force(phone) {
        const fresh = await invite('CT, old view');
        // Nothing is sealed any more, and for her phone two minutes pass.
        still = standStill(net);
        await phone.followAllBut(still.apis);
        await setClock(phone, Date.now() + 2 * 60_000);
        await openWith(phone, fresh);
      },
      says: 'Out of date',
      helpCode: 'W3DJ',
      async mend(phone) {
        still?.goOn();
        await setClock(phone, Date.now());
        await phone.reconnect();
      },
      goOn: tryAgain,
      brings: 'CT, old view',
    },
    {
      name: 'revoked',
      force: (phone) => openWith(phone, takenBack),
      says: 'This link is closed',
      helpCode: 'X2GL',
      goOn: goHome,
    },
    {
      name: 'opened before',
      force: (phone) => openWith(phone, claimed),
      says: 'Already opened',
      helpCode: 'D7ZR',
      goOn: goHome,
    },
    {
      name: 'replaced',
      force: (phone) => openWith(phone, replaced),
      says: 'This link is closed',
      helpCode: 'X2GL',
      goOn: goHome,
    },
    {
      name: 'unknown version',
      force: (phone) => phone.open(withByte(unused.link, 1, 2)),
      says: 'This link does not work',
      helpCode: 'R3VN',
      goOn: goHome,
    },
    {
      name: 'cut off',
      force: (phone) => phone.open(unused.link.slice(0, -20)),
      says: 'This link does not work',
      helpCode: 'R3VN',
      goOn: goHome,
    },
    {
      name: 'made for another network',
      force: (phone) => openWith(phone, { ...unused, link: withByte(unused.link, 10, 0xff) }),
      says: 'This link is for another service',
      helpCode: 'C8WF',
      goOn: goHome,
    },
  ];
}
