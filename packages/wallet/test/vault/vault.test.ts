import { toHex, utf8 } from '@radledger/primitives';
import { describe, expect, test } from 'vitest';
import {
  createMemoryVaultStorage,
  createWallet,
  openWallet,
  type PasskeyPort,
  type VaultRecord,
  WalletError,
  wordsOf,
  wordsOfHelperCards,
} from '../../src/index.js';
import { createWorld } from '../wallet-fixture.js';
import { createDevice } from './vault-fixture.js';

const PASSKEY = { passkey: { userName: 'My images' } };
const OTHER_WORDS = wordsOf(new Uint8Array(16));

describe('each wrap alone opens the vault', () => {
  test('the passkey', async () => {
    const device = createDevice();
    const vault = device.window();
    expect(await vault.wrappers()).toEqual([]);
    const first = await vault.create(PASSKEY);
    expect(await vault.wrappers()).toEqual(['passkey']);
    const { words } = first;
    await first.store.save(utf8('snapshot'));
    first.close();
    const again = await vault.open('passkey');
    expect(again.words).toBe(words);
    expect(await again.store.load()).toEqual(utf8('snapshot'));
  });

  test('any of two passkeys', async () => {
    const device = createDevice();
    const first = await device.window().create(PASSKEY);
    await first.addPasskey({ userName: 'My images' });
    const { words } = first;
    first.close();
    const [, second] = device.passkeys.made;
    const passkeys = {
      ...device.passkeys,
      ask: (ids: readonly Uint8Array[]) => device.passkeys.ask([...ids].reverse()),
    };
    expect(second).toBeDefined();
    expect((await device.window({ passkeys }).open('passkey')).words).toBe(words);
  });

  test('the PIN, in whatever form the keyboard writes it', async () => {
    const vault = createDevice().window();
    const first = await vault.create({ pin: '４71103' });
    const { words } = first;
    first.close();
    await expect(vault.open({ pin: '471104' })).rejects.toMatchObject({ info: { code: 'WRONG_PIN', waitMs: 0 } });
    expect((await vault.open({ pin: '471103' })).words).toBe(words);
  });

  test('the words, also those of a sheet written in capitals', async () => {
    const vault = createDevice().window();
    const first = await vault.create(PASSKEY);
    const { words } = first;
    first.close();
    await expect(vault.open({ words: OTHER_WORDS })).rejects.toMatchObject({ code: 'WORDS_OF_ANOTHER' });
    expect((await vault.open({ words: words.toUpperCase() })).words).toBe(words);
  });

  test('and the words make it anew on another device', async () => {
    const { words } = await createDevice().window().create(PASSKEY);
    const restored = await createDevice().window().create(PASSKEY, { words, restoredFrom: 'sheet' });
    expect(restored.words).toBe(words);
    expect(restored.wrappers()).toEqual(['passkey', 'sheet']);
  });
});

describe('on the same device, when what locked the vault is gone', () => {
  test.each([
    ['a PIN instead of a forgotten one', { pin: '471103' }, { pin: '900900' }, ['pin', 'sheet']],
    ['a passkey instead of one that is gone', PASSKEY, { passkey: { userName: 'again' } }, ['passkey', 'sheet']],
    ['a PIN instead of a passkey', PASSKEY, { pin: '900900' }, ['pin', 'sheet']],
  ] as const)('the words lock it anew, and nothing in it is lost: %s', async (_, before, after, kinds) => {
    const device = createDevice();
    const first = await device.window().create(before);
    await first.addProfile('Maya');
    await first.store.save(utf8('snapshot'));
    const { words } = first;
    const gone = device.passkeys.made.slice();
    const found = await device.window().open({ words }, { takeOver: true });
    await found.lockAnew(after, { restoredFrom: 'sheet' });
    expect(found.wrappers()).toEqual(kinds);
    found.close();
    const again = await device.window().open('pin' in after ? after : 'passkey');
    expect(again.words).toBe(words);
    expect(again.profiles.map(({ name }) => name)).toEqual(['Maya']);
    expect(await again.store.load()).toEqual(utf8('snapshot'));
    again.close();
    const { wraps = [] } = (await device.storage.load()) ?? {};
    expect(wraps.some((wrap) => wrap.kind === 'passkey' && gone.includes(toHex(wrap.credentialId)))).toBe(false);
    if ('pin' in before) {
      await expect(device.window().open(before)).rejects.toMatchObject({ code: 'WRONG_PIN' });
    }
  });

  test('the old lock stays when its holder does not confirm the new one', async () => {
    const device = createDevice();
    const { words } = await device.window().create({ pin: '471103' });
    const found = await device.window().open({ words }, { takeOver: true });
    device.passkeys.create = () => Promise.reject(new WalletError({ code: 'PASSKEY_REFUSED' }, 'the person said no'));
    await expect(found.lockAnew(PASSKEY)).rejects.toMatchObject({ code: 'PASSKEY_REFUSED' });
    await expect(found.lockAnew({ pin: '1' })).rejects.toMatchObject({ code: 'PIN_REFUSED' });
    found.close();
    await expect(device.window().open({ pin: '471103' })).resolves.toBeDefined();
  });

  test('other words open nothing; they replace it only when that is asked for, also under an open window', async () => {
    const device = createDevice();
    const first = await device.window().create(PASSKEY);
    await first.store.save(utf8('of the first'));
    await expect(device.window().create(PASSKEY, { words: OTHER_WORDS })).rejects.toMatchObject({
      code: 'VAULT_IN_USE',
    });
    const second = await device.window().create(PASSKEY, { words: OTHER_WORDS, replace: true });
    expect(second.words).toBe(OTHER_WORDS);
    expect(await second.store.load()).toBeUndefined();
    await expect(first.store.save(utf8('late'))).rejects.toMatchObject({ code: 'VAULT_IN_USE' });
  });

  test('a record that was changed is damaged, not somebody else’s, and the words replace it', async () => {
    const device = createDevice();
    const first = await device.window().create(PASSKEY);
    await first.store.save(utf8('snapshot'));
    const { words } = first;
    first.close();
    const record = (await device.storage.load()) as VaultRecord;
    await device.storage.save({ ...record, profiles: record.profiles.with(-1, 1 ^ (record.profiles.at(-1) ?? 0)) });
    await expect(device.window().open({ words })).rejects.toMatchObject({ code: 'VAULT_DAMAGED' });
    await expect(device.window().open({ words: OTHER_WORDS })).rejects.toMatchObject({ code: 'WORDS_OF_ANOTHER' });
    expect((await device.window().create(PASSKEY, { words, replace: true })).words).toBe(words);
  });

  test('a record that is none is told as damaged', async () => {
    const device = createDevice();
    await device.storage.save({ generation: 'x' } as unknown as VaultRecord);
    await expect(device.window().wrappers()).rejects.toMatchObject({ code: 'VAULT_DAMAGED' });
    await expect(device.window().open('passkey')).rejects.toMatchObject({ code: 'VAULT_DAMAGED' });
    await expect(device.window().create(PASSKEY)).rejects.toMatchObject({ code: 'VAULT_DAMAGED' });
    const made = await device.window().create(PASSKEY, { replace: true });
    await made.store.save(utf8('snapshot'));
    expect(await device.window().wrappers()).toEqual(['passkey']);
  });
});

test('words open nothing on a device whose holder does not confirm, and nothing is stored there', async () => {
  const device = createDevice();
  const refused = new WalletError({ code: 'PASSKEY_REFUSED' }, 'the person said no');
  const passkeys = { ...device.passkeys, create: () => Promise.reject(refused) };
  const vault = device.window({ passkeys });
  await expect(vault.create(PASSKEY, { words: OTHER_WORDS, restoredFrom: 'sheet' })).rejects.toBe(refused);
  expect(await device.storage.load()).toBeUndefined();
});

describe('a lock that was not made, or does not open', () => {
  test('is told apart', async () => {
    const device = createDevice();
    const vault = device.window();
    await expect(vault.open('passkey')).rejects.toMatchObject({ code: 'VAULT_EMPTY' });
    const first = await vault.create(PASSKEY);
    first.close();
    await expect(vault.open({ pin: '471103' })).rejects.toMatchObject({
      info: { code: 'WRAPPER_MISSING', kind: 'pin' },
    });
    await expect(vault.create(PASSKEY)).rejects.toMatchObject({ code: 'VAULT_EXISTS' });
    const passkeys = {
      ...device.passkeys,
      ask: async (ids: readonly Uint8Array[]) => ({ ...(await device.passkeys.ask(ids)), secret: new Uint8Array(32) }),
    };
    await expect(device.window({ passkeys }).open('passkey')).rejects.toMatchObject({ code: 'VAULT_DAMAGED' });
  });

  test('a short PIN is refused, and nothing is stored', async () => {
    const vault = createDevice().window();
    await expect(vault.create({ pin: '12345' })).rejects.toMatchObject({ code: 'PIN_REFUSED' });
    expect(await vault.wrappers()).toEqual([]);
  });

  test('a wrong PIN is counted before it is tried, and the fifth costs a wait', async () => {
    const device = createDevice();
    let nowMs = 1_000_000;
    const vault = device.window({ now: () => nowMs });
    (await vault.create({ pin: '471103' })).close();
    const record = (await device.storage.load()) as VaultRecord;
    const wraps = record.wraps.map((wrap) => (wrap.kind === 'pin' ? { ...wrap, wrongTries: 4 } : wrap));
    await device.storage.save({ ...record, wraps });
    await expect(vault.open({ pin: '000000' })).rejects.toMatchObject({ info: { code: 'WRONG_PIN', waitMs: 30_000 } });
    const untilMs = nowMs + 30_000;
    await expect(vault.open({ pin: '471103' })).rejects.toMatchObject({ info: { code: 'PIN_WAIT', untilMs } });
    nowMs = untilMs;
    (await vault.open({ pin: '471103' })).close();
    expect((await device.storage.load())?.wraps).toMatchObject([{ wrongTries: 0, nextTryAtMs: 0 }]);
  });
});

describe('its holder is asked once more while it is open', () => {
  test('by the passkey: refused, or that of somebody else, confirms nothing', async () => {
    const device = createDevice();
    const refused = new WalletError({ code: 'PASSKEY_REFUSED' }, 'the person said no');
    let ask: PasskeyPort['ask'] = (ids, copy) => device.passkeys.ask(ids, copy);
    const passkeys = { ...device.passkeys, ask: (ids: readonly Uint8Array[], copy?: Uint8Array) => ask(ids, copy) };
    const open = await device.window({ passkeys }).create(PASSKEY);
    await open.confirm('passkey');
    await expect(open.confirm({ pin: '471103' })).rejects.toMatchObject({ code: 'WRAPPER_MISSING' });
    ask = () => Promise.reject(refused);
    await expect(open.confirm('passkey')).rejects.toBe(refused);
    ask = async (ids) => ({ ...(await device.passkeys.ask(ids)), secret: new Uint8Array(32) });
    await expect(open.confirm('passkey')).rejects.toMatchObject({ code: 'VAULT_DAMAGED' });
    await open.store.save(utf8('still open'));
    open.close();
    await expect(open.confirm('passkey')).rejects.toMatchObject({ code: 'VAULT_CLOSED' });
  });

  test('by the PIN: wrong ones are counted, a right one ends the count', async () => {
    const device = createDevice();
    const open = await device.window().create({ pin: '471103' });
    await expect(open.confirm({ pin: '000000' })).rejects.toMatchObject({ info: { code: 'WRONG_PIN', waitMs: 0 } });
    expect((await device.storage.load())?.wraps).toMatchObject([{ wrongTries: 1 }]);
    await open.confirm({ pin: '471103' });
    expect((await device.storage.load())?.wraps).toMatchObject([{ wrongTries: 0, nextTryAtMs: 0 }]);
  });
});

describe('one writer', () => {
  test('a second window is turned away; when it takes over, the first can no longer write', async () => {
    const device = createDevice();
    const first = await device.window().create(PASSKEY);
    await expect(device.window().open('passkey')).rejects.toMatchObject({ code: 'VAULT_IN_USE' });
    const second = await device.window().open('passkey', { takeOver: true });
    await expect(first.store.save(utf8('late'))).rejects.toMatchObject({ code: 'VAULT_IN_USE' });
    await second.store.save(utf8('newer'));
    first.close();
    expect(await second.store.load()).toEqual(utf8('newer'));
  });

  test('a closed vault writes nothing and lets the next one in', async () => {
    const device = createDevice();
    const first = await device.window().create(PASSKEY);
    first.close();
    await expect(first.store.save(utf8('late'))).rejects.toMatchObject({ code: 'VAULT_CLOSED' });
    await expect(device.window().open('passkey')).resolves.toBeDefined();
  });

  test('changes that overlap are all kept', async () => {
    const device = createDevice();
    const open = await device.window().create(PASSKEY);
    const [maya] = await Promise.all([
      open.addProfile('Maya'),
      open.addProfile('Tom'),
      open.noteSheetMade(),
      open.store.save(utf8('snapshot')),
    ]);
    expect(open.profiles.map(({ name }) => name).sort()).toEqual(['Maya', 'Tom']);
    expect(open.wrappers()).toEqual(['passkey', 'sheet']);
    await maya.store.save(utf8('of Maya'));
    open.close();
    const again = await device.window().open('passkey');
    expect(await again.store.load()).toEqual(utf8('snapshot'));
    expect(await again.profiles.find(({ name }) => name === 'Maya')?.store.load()).toEqual(utf8('of Maya'));
  });
});

describe('other persons', () => {
  test('have words of their own, which their sheet shows and another device takes', async () => {
    const open = await createDevice().window().create(PASSKEY);
    const maya = await open.addProfile('Maya');
    expect(maya.words).not.toBe(open.words);
    expect(maya.words.split(' ')).toHaveLength(12);
    const brought = await open.addProfile('Tom', { words: OTHER_WORDS, restoredFrom: 'sheet' });
    expect(brought.words).toBe(OTHER_WORDS);
    expect(brought.wrappers()).toEqual(['passkey', 'sheet']);
    await expect(open.addProfile('Ma\u202Eya')).rejects.toMatchObject({ code: 'TEXT_REFUSED' });
  });

  test('have ways back of their own: the holder’s papers do not bring them back', async () => {
    const device = createDevice();
    const open = await device.window().create(PASSKEY);
    const maya = await open.addProfile('Maya');
    await open.noteSheetMade();
    expect(maya.wrappers()).toEqual(['passkey']);
    await maya.noteHelperCardsMade();
    expect(maya.wrappers()).toEqual(['passkey', 'helpers']);
    expect(open.wrappers()).toEqual(['passkey', 'sheet']);
    const { cards } = await maya.helperCards();
    expect(await wordsOfHelperCards(cards)).toBe(maya.words);
    open.close();
    await expect(maya.helperCards()).rejects.toMatchObject({ code: 'VAULT_CLOSED' });
    await expect(maya.makeHelperCards()).rejects.toMatchObject({ code: 'VAULT_CLOSED' });
    const again = await device.window().open('passkey');
    expect(again.profiles[0]?.wrappers()).toEqual(['passkey', 'helpers']);
    expect(await device.window().wrappers()).toEqual(['passkey', 'sheet']);
  });
});

describe('helpers’ cards', () => {
  test('are the same each time they are looked at, also by two at once and after a new start', async () => {
    const device = createDevice();
    let nowMs = 1_795_000_000_000;
    const open = await device.window({ now: () => nowMs }).create({ pin: '471103' });
    const maya = await open.addProfile('Maya');
    const [first, second] = await Promise.all([open.helperCards(), open.helperCards()]);
    expect(second).toEqual(first);
    expect(first).toMatchObject({ madeAtMs: nowMs });
    const ofMaya = await maya.helperCards();
    expect(ofMaya.cards).not.toEqual(first.cards);
    const { words } = open;
    nowMs += 86_400_000;
    open.close();
    const again = await device.window({ now: () => nowMs }).open({ pin: '471103' });
    expect(await again.helperCards()).toEqual(first);
    expect(await again.profiles[0]?.helperCards()).toEqual(ofMaya);
    expect(await wordsOfHelperCards([first.cards[0] ?? '', (await again.helperCards()).cards[2] ?? ''])).toBe(words);
  });

  test('are others when she asks for others, from then on; the earlier ones stay good, and do not fit them', async () => {
    const device = createDevice();
    const open = await device.window().create(PASSKEY);
    const before = await open.helperCards();
    const after = await open.makeHelperCards();
    expect(await open.helperCards()).toEqual(after);
    expect(await wordsOfHelperCards(before.cards)).toBe(open.words);
    await expect(wordsOfHelperCards([before.cards[0] ?? '', after.cards[1] ?? ''])).rejects.toMatchObject({
      info: { code: 'CARD_INVALID', rule: 'other-set' },
    });
    await device.window().erase();
    expect((await device.storage.load())?.cards).toBeUndefined();
  });

  test('that were changed at rest are made anew: none of them is shown', async () => {
    const device = createDevice();
    const open = await device.window().create(PASSKEY);
    const before = await open.helperCards();
    open.close();
    const record = (await device.storage.load()) as VaultRecord;
    const cards = (record.cards ?? []).map(({ id, sealed }) => ({
      id,
      sealed: sealed.with(-1, 1 ^ (sealed.at(-1) ?? 0)),
    }));
    await device.storage.save({ ...record, cards });
    const again = await device.window().open('passkey');
    expect((await again.helperCards()).cards).not.toEqual(before.cards);
  });
});

describe('accidents', () => {
  test('what was wiped under an open vault is written again, whole, with the next change', async () => {
    let storage = createMemoryVaultStorage();
    const device = createDevice({ load: () => storage.load(), save: (record) => storage.save(record) });
    const open = await device.window().create(PASSKEY);
    await open.store.save(utf8('before'));
    storage = createMemoryVaultStorage();
    await open.addProfile('Maya');
    const { words } = open;
    open.close();
    const again = await device.window().open('passkey');
    expect(again.words).toBe(words);
    expect(await again.store.load()).toEqual(utf8('before'));
  });

  test('a claim on a device without room sends nothing; with room again it goes on', async () => {
    const world = await createWorld();
    const storage = createMemoryVaultStorage();
    let isFull = false;
    const device = createDevice({
      load: () => storage.load(),
      save: (record) =>
        isFull ? Promise.reject(new DOMException('full', 'QuotaExceededError')) : storage.save(record),
    });
    const open = await device.window().create(PASSKEY);
    const wallet = await createWallet(world.ports({ store: open.store }), {
      words: open.words,
      chainId: world.node.chainId,
    });
    const invited = world.hospital.invite({ studyInstanceUid: '1.2.3', label: 'CT, chest' });
    isFull = true;
    await expect(wallet.claim(invited)).rejects.toThrow('full');
    isFull = false;
    expect(await wallet.claim(invited)).toMatchObject({ status: 'active', label: 'CT, chest' });
  });

  // PW-15: nothing readable in storage.
  test('nothing that is stored can be read', async () => {
    const world = await createWorld();
    const device = createDevice();
    const open = await device.window().create(PASSKEY);
    await open.setPin('471103');
    const profile = await open.addProfile('Maya Rivera');
    const wallet = await createWallet(world.ports({ store: open.store }), { words: open.words });
    await wallet.claim(world.hospital.invite({ studyInstanceUid: '1.2.840.99', label: 'MRI, knee' }));
    const cards = [open, profile].map((whose) => whose.helperCards());
    const cardWords = (await Promise.all(cards)).flatMap((set) => set.cards.flatMap((card) => card.split(' ')));
    const stored = bytesOf(await device.storage.load());
    expect((await device.storage.load())?.cards).toHaveLength(2);
    for (const secret of ['Maya Rivera', 'MRI, knee', '1.2.840.99', '471103', 'images.hospital.example']) {
      expect(stored.includes(secret)).toBe(false);
    }
    for (const word of [...open.words.split(' '), ...profile.words.split(' '), ...cardWords].filter(
      ({ length }) => length > 4,
    )) {
      expect(stored.includes(word)).toBe(false);
    }
    // The search itself works: what is no secret is found.
    expect(stored.includes('passkey')).toBe(true);
    open.close();
    const reopened = await device.window().open({ pin: '471103' });
    const again = await openWallet(world.ports({ store: reopened.store }));
    expect(await again?.studies()).toMatchObject([{ label: 'MRI, knee' }]);
  });

  test('an erased vault opens no more, and its device starts anew', async () => {
    const device = createDevice();
    const open = await device.window().create(PASSKEY);
    await device.window().erase();
    await expect(open.store.save(utf8('late'))).rejects.toMatchObject({ code: 'VAULT_IN_USE' });
    open.close();
    expect(await device.window().wrappers()).toEqual([]);
    await expect(device.window().open('passkey')).rejects.toMatchObject({ code: 'VAULT_EMPTY' });
    await expect(device.window().create(PASSKEY)).resolves.toBeDefined();
  });
});

/** Everything in a record as one text, bytes as Latin-1; not how its parts are called: `device` and `wrong` are words of the list. */
function bytesOf(value: unknown): string {
  if (value instanceof Uint8Array) return String.fromCharCode(...value);
  if (value instanceof CryptoKey) return value.extractable ? 'EXTRACTABLE' : '';
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.values(value).map(bytesOf).join(' ');
}
