// Goal: no key is spent twice, none of a link that does not count, whatever comes in which order. Method: random orders against a model, with restarts.
import { fromHex, hash, randomBytes, toHex } from '@radledger/primitives';
import fc from 'fast-check';
import { MemoryLevel } from 'memory-level';
import { expect, test } from 'vitest';
import { openExchangeStore } from '../src/exchange-store.js';
import { createSecretBox } from '../src/index.js';
import { createKeyedLock } from '../src/keyed-lock.js';
import { createStandingLinks } from '../src/source/standing-links.js';

const STUDIES = [0, 1, 2].map((number) => hash('study', Uint8Array.of(number)));
const step = fc.oneof(
  fc.record({ kind: fc.constant('leave' as const), study: fc.nat(2), count: fc.integer({ min: 1, max: 20 }) }),
  fc.record({ kind: fc.constant('plan' as const), study: fc.nat(2), patient: fc.nat(1) }),
  fc.record({
    kind: fc.constant('state' as const),
    study: fc.nat(2),
    state: fc.constantFrom('active', 'paused', 'ended'),
  }),
  fc.record({ kind: fc.constant('spend' as const), patient: fc.nat(1) }),
  fc.record({ kind: fc.constant('restart' as const) }),
);

test('keys are spent once, and of the link that counts', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const database = new MemoryLevel<string, Uint8Array>();
      const secretBox = createSecretBox(randomBytes(32));
      const open = async () => {
        const store = await openExchangeStore({ database, secretBox });
        return { store, links: createStandingLinks({ store, lock: createKeyedLock(), now: () => 1 }) };
      };
      let { store, links } = await open();
      const spent = new Set<string>();
      let made = 0;
      for (const next of steps) {
        const studyId = STUDIES['study' in next ? next.study : 0] as Uint8Array;
        if (next.kind === 'leave') {
          const keys = Array.from({ length: next.count }, () => ({
            ownerKey: hash('key', Uint8Array.of(made++ & 0xff, made >> 8)),
            acceptance: new Uint8Array(64),
          }));
          await links.leaveKeys({ studyId, identity: undefined }, keys);
        } else if (next.kind === 'plan') {
          await links.planned({ studyId, patient: `patient ${next.patient}` }, (changes) => store.commit(changes));
        } else if (next.kind === 'state') {
          const link = await links.ofStudy(studyId);
          if (link !== undefined && link.state !== 'ended') await links.setState(link.linkId, next.state);
        } else if (next.kind === 'restart') {
          ({ store, links } = await open());
        } else {
          const patient = `patient ${next.patient}`;
          const before = await links.ofPatient(patient);
          let key = '';
          const done = links.spend(patient, ({ ownerKey }) => {
            key = toHex(ownerKey);
            return { studyId: hash('sent', ownerKey), changes: [] };
          });
          if (before === undefined || before.state !== 'active' || before.keys.length === 0) {
            await expect(done).rejects.toMatchObject({ code: 'NO_STANDING_LINK' });
            continue;
          }
          await done;
          expect(spent).not.toContain(key);
          spent.add(key);
          const after = await links.ofPatient(patient);
          expect(after?.keys).toHaveLength(before.keys.length - 1);
          expect(toHex(after?.published[0]?.key ?? fromHex(''))).toBe(key);
        }
      }
      const all = await links.list();
      const counting = all.filter(({ state, patient }) => state !== 'ended' && patient !== undefined);
      expect(new Set(counting.map(({ patient }) => patient)).size).toBe(counting.length);
      for (const { keys, state } of all) {
        expect(keys.length).toBeLessThanOrEqual(state === 'ended' ? 0 : 40);
        for (const { ownerKey } of keys) expect(spent).not.toContain(toHex(ownerKey));
      }
    }),
    { numRuns: 60 },
  );
});
