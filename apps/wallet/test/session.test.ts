import type { Invitation, SignedImageRequest } from '@radledger/handover';
import { WalletError } from '@radledger/wallet';
import { expect, test } from 'vitest';
import { giveRole } from '../src/model/roles.js';
import { type Origin, Session, type SessionPorts } from '../src/model/session.js';
import type { Share, Study } from '../src/model/shelf.js';

const MINUTE_MS = 60_000;
const study = { id: 'a', studyId: new Uint8Array(32) } as Study;
const REPLACEMENT = { ...study, profileId: 'holder', dueAtMs: 1, label: undefined, hospital: undefined };

/** An open session of which only the wallet's calls count; time passes as told. */
async function openSession() {
  const calls: string[] = [];
  let nowMs = 0;
  const holder = { says: 'yes' as 'yes' | 'no', asked: 0 };
  const say = (name: string, answer: unknown = undefined) => {
    return () => {
      calls.push(name);
      return Promise.resolve(answer);
    };
  };
  const answers: Readonly<Record<string, unknown>> = {
    words: () => 'twelve words',
    newDevices: () => [],
    unfinishedInvitations: () => [],
    pending: () => [],
    lastOverview: () => undefined,
    flush: () => Promise.resolve({ left: 0 }),
    askSources: () => Promise.resolve({ standings: [], unanswered: [] }),
    overview: () => Promise.reject(new Error('nobody answers')),
    studyOfInvitation: () => undefined,
    restore: () => Promise.resolve({ unanswered: [] }),
    claim: (_: unknown, { onProgress }: { onProgress: (progress: { step: string }) => void }) => {
      onProgress({ step: 'claim-answered' });
      return Promise.resolve();
    },
  };
  const wallet = new Proxy({}, { get: (_, name) => answers[String(name)] ?? say(String(name)) });
  const profile = {
    id: 'holder',
    name: '',
    words: 'twelve words',
    wrappers: () => ['passkey'],
    helperCards: say('helperCards', []),
    makeHelperCards: say('makeHelperCards', []),
  };
  const maya = { ...profile, id: 'maya', name: 'Maya' };
  const ofMaya = new Proxy(wallet, {
    get: (of, name) => (name === 'studyOfInvitation' ? () => study.studyId : (Reflect.get(of, name) as unknown)),
  });
  const profiles = {
    isOpen: false,
    open: () => Promise.resolve(profile),
    mend: () => Promise.resolve(false),
    confirm: () => {
      holder.asked += 1;
      const no = new WalletError({ code: 'PASSKEY_REFUSED' }, 'the person said no');
      return holder.says === 'yes' ? Promise.resolve() : Promise.reject(no);
    },
    setPin: say('setPin'),
    all: () => [profile, maya],
    wallets: () => [wallet],
    wallet: (id: string) => (id === 'maya' ? ofMaya : wallet),
    allowKnown: () => undefined,
  };
  const ports = {
    wrappers: () => Promise.resolve(['passkey']),
    origins: { allow: () => undefined },
    prepare: () => Promise.resolve({ ledger: {}, profiles }),
    keepStored: say('keepStored'),
    startStopwatch: () => {
      const fromMs = nowMs;
      return () => nowMs - fromMs;
    },
  } as unknown as SessionPorts;
  const session = await Session.start(ports);
  await session.open('passkey');
  const pass = (ms: number): void => void (nowMs += ms);
  return { session, calls, holder, pass };
}

/** Everything that opens her images to somebody. */
const OPENING: readonly (readonly [string, (session: Session) => unknown])[] = [
  [
    'queueAllow',
    (session) =>
      session.allow({
        request: {} as SignedImageRequest,
        origin: {} as Origin,
        studies: [study],
        notAfterMs: 1,
        receiptFor: () => new Uint8Array(),
      }),
  ],
  ['words', (session) => session.words()],
  ['helperCards', (session) => session.helperCards()],
  ['makeHelperCards', (session) => session.helperCards({ areNew: true })],
  ['setPin', (session) => session.changePin('246813')],
  ['carried', (session) => session.carried()],
  ['queueRole', (session) => giveRole(session, {} as Parameters<typeof giveRole>[1], 1)],
  ['order', (session) => session.answerReplacement(REPLACEMENT, 'confirm')],
];

test.each(OPENING)('five minutes after she confirmed, %s needs another yes of hers', async (call, what) => {
  const { session, calls, holder, pass } = await openSession();
  pass(5 * MINUTE_MS);
  await what(session);
  pass(1);
  calls.length = 0;
  holder.says = 'no';
  await expect((async () => what(session))()).rejects.toMatchObject({ code: 'PASSKEY_REFUSED' });
  await expect(session.confirm('passkey')).rejects.toMatchObject({ code: 'PASSKEY_REFUSED' });
  await expect((async () => what(session))()).rejects.toMatchObject({ code: 'PASSKEY_REFUSED' });
  expect(calls).not.toContain(call);
  holder.says = 'yes';
  await session.confirm('passkey');
  await session.confirm('passkey');
  expect(holder.asked).toBe(2); // not a third time: she just did
  await what(session);
});

test('whom this phone knows is stopped before it looks for others, however long that takes', async () => {
  const { session, calls } = await openSession();
  await session.stopEveryone();
  expect(calls).toEqual(expect.arrayContaining(['queueStopAll', 'sendStops']));
  expect(calls).not.toContain('findGrants');
  await session.stopUnknown();
  expect(calls.filter((name) => name === 'findGrants' || name === 'queueStopAll').slice(-2)).toEqual([
    'findGrants',
    'queueStopAll',
  ]);
});

test('a Stop never waits for it', async () => {
  const { session, calls, holder, pass } = await openSession();
  pass(24 * 60 * MINUTE_MS);
  holder.says = 'no';
  await session.stop([{ study, tag: new Uint8Array(32) } as Share]);
  await session.stopEveryone();
  await session.answerReplacement(REPLACEMENT, 'stop');
  expect(calls).toEqual(expect.arrayContaining(['queueStop', 'sendStops', 'queueStopAll', 'order']));
  expect(holder.asked).toBe(0);
});

test('a link that was used on this phone leads to its study, in whichever profile it is', async () => {
  const { session } = await openSession();
  expect(session.studyOf({} as Invitation)).toEqual({ profileId: 'maya', studyId: '00'.repeat(32) });
});

test('the browser is asked to keep what is here after images came, not before', async () => {
  const { session, calls } = await openSession();
  expect(calls).not.toContain('keepStored');
  await session.restore('passkey', 'passkey');
  expect(calls.filter((name) => name === 'keepStored')).toHaveLength(1);
  calls.length = 0;
  await session.claim({} as Invitation, '123456');
  expect(calls).toContain('keepStored');
});
