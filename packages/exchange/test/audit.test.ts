// Goal: nothing leaves the trail unseen. Method: write, damage as an insider would, verify; and the messages against the schema of IPF.
import { appendFile, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createSigner, type Signer, toHex } from '@radledger/primitives';
import { XmlDocument, XsdValidator } from 'libxml2-wasm';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  type AuditEntry,
  type AuditEvent,
  type AuditTrail,
  encodeAtnaMessage,
  encodeBalpEvent,
  openAuditTrail,
  verifyTrail,
} from '../src/audit/index.js';

const DAY_MS = 86_400_000;
const FIRST_DAY = Date.UTC(2026, 0, 1);
const identity = { sourceId: 'gateway.hospital.example', siteId: '1.2.3', processId: 4711 };

let folder: string;
let signer: Signer;
let nowMs: number;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'radledger-audit-'));
  signer = await createSigner(new Uint8Array(32).fill(7));
  nowMs = FIRST_DAY;
});
afterEach(() => rm(folder, { recursive: true }));

const open = (): Promise<AuditTrail> => openAuditTrail({ folder, signer, now: () => nowMs });
const verify = () => verifyTrail(folder, { keys: [toHex(signer.publicKey)] });
const codes = async () => (await verify()).problems.map(({ code }) => code);

function event(index: number, change: Partial<AuditEvent> = {}): AuditEvent {
  return {
    side: 'source',
    transaction: 'ITI-43',
    phase: 'ended',
    outcome: 'success',
    id: index.toString(16).padStart(32, '0'),
    requestDigest: 'ab'.repeat(32),
    endpointUrl: 'https://gw.hospital.example:7443/xds/iti43',
    reader: 'cd'.repeat(32),
    peerAddress: '192.0.2.7',
    documents: [
      { documentUniqueId: '01'.repeat(32), repositoryUniqueId: '02'.repeat(32), content: '03'.repeat(32) },
      { documentUniqueId: `${'01'.repeat(32)}.manifest`, repositoryUniqueId: '02'.repeat(32) },
    ],
    bytes: 1_000_000,
    basis: 'grant',
    standing: 'fresh',
    ...change,
  };
}

/** Three days with four lines each, the last day open. */
async function written(): Promise<void> {
  const trail = await open();
  for (let index = 0; index < 12; index += 1) {
    nowMs = FIRST_DAY + Math.floor(index / 4) * DAY_MS + index;
    await trail.record(event(index));
  }
  await trail.close();
}

const linesOf = async (file: string): Promise<string[]> =>
  (await readFile(join(folder, file), 'utf8')).trimEnd().split('\n');
const rewrite = (file: string, lines: readonly string[]): Promise<void> =>
  writeFile(join(folder, file), lines.map((line) => `${line}\n`).join(''));

describe('a trail', () => {
  test('goes on where it ended, a file a day, and verifies', async () => {
    await written();
    const trail = await open();
    await Promise.all([trail.record(event(12)), trail.record(event(13))]);
    expect((await trail.head())?.day).toBe('2026-01-02');
    const entries: AuditEntry[] = [];
    for await (const entry of trail.entries()) if (entry.number >= 11) entries.push(entry);
    expect(entries.map(({ number, event: { id } }) => [number, Number.parseInt(id, 16)])).toEqual([
      [11, 10],
      [12, 11],
      [13, 12],
      [14, 13],
    ]);
    await trail.close();
    expect(await verify()).toEqual({ lines: 14, days: 3, heads: 2, unfinishedBytes: 0, problems: [] });
    expect((await stat(join(folder, '2026-01-01.jsonl'))).mode & 0o777).toBe(0o600);
  });

  test('cuts off a line that a stop tore, and keeps the ones before', async () => {
    await written();
    await appendFile(join(folder, '2026-01-03.jsonl'), '{"number":13,"previ');
    const trail = await open();
    await trail.record(event(12));
    await trail.close();
    expect(await verify()).toMatchObject({ lines: 13, problems: [] });
  });

  test('says of what had only begun that it was interrupted', async () => {
    const first = await open();
    await first.record(event(1, { phase: 'begun' }));
    await first.record(event(2, { phase: 'begun' }));
    await first.record(event(2));
    await first.close();
    const second = await open();
    const entries: AuditEntry[] = [];
    for await (const entry of second.entries()) if (entry.number >= 4) entries.push(entry);
    expect(entries.map(({ event: ended }) => ended)).toMatchObject([
      { id: event(1).id, phase: 'ended', outcome: 'failure', code: 'INTERRUPTED' },
    ]);
    await second.close();
    const third = await open();
    await third.close();
    expect(await verify()).toMatchObject({ lines: 4, problems: [] });
  });

  test('writes what comes at once in one order', async () => {
    const trail = await open();
    await Promise.all(Array.from({ length: 200 }, (_, index) => trail.record(event(index))));
    await trail.close();
    expect(await verify()).toMatchObject({ lines: 200, problems: [] });
  });

  test('a clock that goes back does not reorder it, and later times are honest again', async () => {
    const trail = await open();
    nowMs = FIRST_DAY + 1000 * DAY_MS;
    await trail.record(event(1));
    nowMs = FIRST_DAY;
    await trail.record(event(2));
    const times: number[] = [];
    for await (const { atMs } of trail.entries()) times.push(atMs - FIRST_DAY);
    expect(times).toEqual([1000 * DAY_MS, 0]);
    await trail.close();
    expect(await readdir(folder)).toEqual(['2028-09-27.jsonl']);
    expect(await codes()).toEqual([]);
  });

  test('the end of a day is signed without waiting for the next event, and nothing is written behind it', async () => {
    const trail = await open();
    await trail.record(event(1));
    expect(await trail.head()).toBeUndefined();
    nowMs += DAY_MS;
    const [head, same] = await Promise.all([trail.head(), trail.head()]);
    expect(head).toMatchObject({ day: '2026-01-01' });
    expect(same).toEqual(head);
    nowMs = FIRST_DAY;
    await trail.record(event(2));
    await trail.close();
    expect(await readdir(folder)).toEqual(['2026-01-01.jsonl', '2026-01-02.jsonl', 'heads.jsonl']);
    expect(await verify()).toMatchObject({ lines: 2, heads: 1, problems: [] });
  });

  test('heads of the key before a rotation count when that key is named', async () => {
    await written();
    const earlier = signer;
    signer = await createSigner(new Uint8Array(32).fill(8));
    const trail = await open();
    nowMs += DAY_MS;
    await trail.record(event(12));
    await trail.close();
    expect(await codes()).toEqual(['HEAD_INVALID', 'HEAD_INVALID']);
    const keys = [signer, earlier].map(({ publicKey }) => toHex(publicKey));
    expect(await verifyTrail(folder, { keys })).toMatchObject({ heads: 3, problems: [] });
  });

  test('refuses an event that no reader would take, and goes on', async () => {
    const trail = await open();
    const long = event(1, { endpointUrl: 'x'.repeat(1_048_576) });
    const reason = { code: 'AUDIT_UNWRITABLE', info: { reason: 'LINE_TOO_LONG' } };
    const [first, second] = await Promise.allSettled([trail.record(long), trail.record(event(2))]);
    expect(first).toMatchObject({ status: 'rejected', reason });
    expect(second.status).toBe('fulfilled');
    await trail.close();
    expect(await verify()).toMatchObject({ lines: 1, problems: [] });
  });

  test('older days that were archived elsewhere are not missed, with their heads', async () => {
    await written();
    await rm(join(folder, '2026-01-01.jsonl'));
    expect(await codes()).toContain('LINE_MISSING');
    const keys = [toHex(signer.publicKey)];
    expect(await verifyTrail(folder, { keys, firstNumber: 5 })).toMatchObject({ lines: 8, problems: [] });
  });

  test('a line that is being written is no problem yet', async () => {
    await written();
    await appendFile(join(folder, '2026-01-03.jsonl'), '{"number":13,"previ');
    expect(await verify()).toMatchObject({ lines: 12, unfinishedBytes: 19, problems: [] });
  });

  test('opens a day that is larger than one buffer can be', async () => {
    await written();
    // Two and a quarter GiB that a broken disk left after the last line.
    await truncate(join(folder, '2026-01-03.jsonl'), 2.25 * 1024 ** 3);
    const trail = await open();
    await trail.record(event(12));
    await trail.close();
    expect(await verify()).toMatchObject({ lines: 13, problems: [] });
  });

  test('refuses to record what cannot be written, and goes on afterwards', async () => {
    const trail = await open();
    await trail.record(event(1));
    await rm(join(folder, '2026-01-01.jsonl'));
    await expect(trail.record(event(2))).rejects.toMatchObject({ code: 'AUDIT_UNWRITABLE' });
    nowMs += DAY_MS;
    await trail.record(event(3));
    await trail.close();
    expect(await codes()).toEqual(['LINE_MISSING', 'HEAD_CONTRADICTS']);
  });

  test('does not write on behind a line that is none', async () => {
    await written();
    await appendFile(join(folder, '2026-01-03.jsonl'), 'not a line\n');
    await expect(open()).rejects.toMatchObject({ code: 'AUDIT_UNREADABLE' });
  });
});

describe('what a disk or a second process does', () => {
  test('a second writer on one folder records nothing rather than cut off what is there', async () => {
    const first = await open();
    const second = await open();
    await first.record(event(1));
    await expect(second.record(event(2))).rejects.toMatchObject({
      code: 'AUDIT_UNWRITABLE',
      info: { reason: 'TRAIL_CHANGED' },
    });
    await first.record(event(3));
    await first.close();
    await second.close();
    expect(await verify()).toMatchObject({ lines: 2, problems: [] });
  });

  test('empty files of days on which nothing could be written do not begin the trail anew', async () => {
    await written();
    for (const day of ['04', '05', '06']) await writeFile(join(folder, `2026-01-${day}.jsonl`), '');
    nowMs = FIRST_DAY + 5 * DAY_MS;
    const trail = await open();
    await trail.record(event(12));
    await trail.close();
    expect(await verify()).toMatchObject({ lines: 13, problems: [] });
    expect(await linesOf('2026-01-06.jsonl')).toHaveLength(1);
  });

  test('a disk that fills in the middle of a line loses nothing that was acknowledged', async () => {
    const script = `
      import { openAuditTrail } from ${JSON.stringify(new URL('../dist/audit/index.js', import.meta.url).href)};
      import { createSigner } from '@radledger/primitives';
      process.on('SIGXFSZ', () => undefined);
      const trail = await openAuditTrail({ folder: process.argv[1], signer: await createSigner(new Uint8Array(32).fill(7)), now: () => ${FIRST_DAY} });
      let recorded = 0;
      for (; recorded < 100; recorded += 1) {
        try { await trail.record(JSON.parse(process.argv[2])); } catch (error) { console.log(recorded, error.code); break; }
      }`;
    const run = promisify(execFile);
    const arguments_ = [process.execPath, '--input-type=module', '-e', script, folder, JSON.stringify(event(1))];
    const limited = ['-c', 'ulimit -f 8; exec "$@"', 'sh', ...arguments_];
    const { stdout } = await run('/bin/sh', limited, { cwd: fileURLToPath(new URL('..', import.meta.url)) });
    const [recorded, code] = stdout.trim().split(' ');
    expect(code).toBe('AUDIT_UNWRITABLE');
    expect(Number(recorded)).toBeGreaterThan(2);
    expect(await linesOf('2026-01-01.jsonl')).toHaveLength(Number(recorded));
    expect(await verify()).toMatchObject({ lines: Number(recorded), problems: [] });
  });
});

describe('an insider is found out', () => {
  beforeEach(written);

  test.each([0, 1, 2, 3])('deleting line %i of the middle day', async (index) => {
    const file = '2026-01-02.jsonl';
    await rewrite(file, (await linesOf(file)).toSpliced(index, 1));
    const { problems } = await verify();
    expect(problems[0]).toMatchObject({ code: 'LINE_MISSING' });
    expect(problems[0]?.message).toContain(`number ${5 + index} is missing`);
  });

  test('changing a line', async () => {
    const file = '2026-01-02.jsonl';
    const lines = await linesOf(file);
    await rewrite(file, lines.with(1, (lines[1] ?? '').replace('192.0.2.7', '192.0.2.8')));
    const { problems } = await verify();
    expect(problems.map(({ code }) => code)).toEqual(['LINE_CHANGED']);
    expect(problems[0]?.message).toContain('number 6 was changed');
  });

  test('swapping, repeating and blanking lines', async () => {
    const file = '2026-01-02.jsonl';
    const lines = await linesOf(file);
    await rewrite(file, [lines[1] ?? '', lines[0] ?? '', ...lines.slice(2)]);
    expect(await codes()).toContain('LINE_MISPLACED');
    await rewrite(file, [...lines, lines[3] ?? '']);
    expect(await codes()).toContain('LINE_MISPLACED');
    await rewrite(file, lines.with(2, ''));
    expect(await codes()).toContain('LINE_UNREADABLE');
  });

  test('removing a whole day, and cutting a signed day short', async () => {
    await truncate(join(folder, '2026-01-02.jsonl'), 0);
    expect(await codes()).toEqual(['LINE_MISSING', 'HEAD_CONTRADICTS']);
  });

  test('writing the rest of the trail anew, links and all, against a head that somebody kept', async () => {
    const heads = (await linesOf('heads.jsonl')).map((line) => JSON.parse(line) as never);
    await rm(folder, { recursive: true });
    nowMs = FIRST_DAY;
    const forged = await open();
    for (let index = 0; index < 12; index += 1) {
      nowMs = FIRST_DAY + Math.floor(index / 4) * DAY_MS + index;
      if (index !== 5) await forged.record(event(index));
    }
    await forged.close();
    expect(await codes()).toEqual([]);
    const { problems } = await verifyTrail(folder, { keys: [toHex(signer.publicKey)], heads });
    expect(problems).toMatchObject([{ code: 'HEAD_CONTRADICTS' }]);
  });

  test('removing the heads of days that have ended', async () => {
    await rm(join(folder, 'heads.jsonl'));
    expect(await codes()).toEqual(['HEAD_MISSING', 'HEAD_MISSING']);
  });

  test('a head of another key', async () => {
    const { problems } = await verifyTrail(folder, { keys: ['ff'.repeat(32)] });
    expect(problems.map(({ code }) => code)).toEqual(['HEAD_INVALID', 'HEAD_INVALID']);
  });
});

describe('messages for others', () => {
  const schemaFile = new URL('../../../tests/data/iti43/ipf/audit/dicom2017c.xsd', import.meta.url);
  const schema = XsdValidator.fromDoc(XmlDocument.fromBuffer(readFileSync(schemaFile)));
  const entry = (change: Partial<AuditEvent>): AuditEntry => ({ number: 1, atMs: FIRST_DAY, event: event(1, change) });
  const kinds: readonly Partial<AuditEvent>[] = [
    {},
    { side: 'recipient' },
    { phase: 'refused', outcome: 'failure', code: 'XDSDocumentUniqueIdError' },
    { outcome: 'failure', code: 'INTERRUPTED' },
    { endpointUrl: 'https://a.example/?x="&<é>' },
    { basis: 'grant' },
    { basis: 'owner', outcome: 'failure', code: 'INTERRUPTED' },
    { basis: 'delegate' },
    { transaction: 'EMERGENCY', basis: 'emergency' },
  ];

  test.each(kinds)('an ATNA message is valid: %j', (change) => {
    const xml = encodeAtnaMessage(entry(change), identity) ?? '';
    const document = XmlDocument.fromString(xml);
    expect(() => schema.validate(document)).not.toThrow();
    document.dispose();
  });

  test('a source says Export and a recipient Import, each with its own process id', () => {
    const [source, recipient] = [{}, { side: 'recipient' } as const].map(
      (change) => encodeAtnaMessage(entry(change), identity) ?? '',
    );
    expect(source).toContain('EventActionCode="R"');
    expect(source).toContain('csd-code="110106"');
    expect(source).toMatch(/UserID="https:[^>]*AlternativeUserID="4711"[^>]*><RoleIDCode csd-code="110153"/);
    expect(recipient).toContain('EventActionCode="C"');
    expect(recipient).toContain('csd-code="110107"');
    expect(recipient).toMatch(/UserID="cdcd[^>]*AlternativeUserID="4711"[^>]*><RoleIDCode csd-code="110152"/);
    for (const xml of [source, recipient]) {
      expect(xml).toContain(
        '<EventTypeCode csd-code="ITI-43" codeSystemName="IHE Transactions" originalText="Retrieve Document Set"/>',
      );
      expect(xml).toContain(`type="Repository Unique ID" value="${Buffer.from('02'.repeat(32)).toString('base64')}"`);
    }
  });

  test('what was served says that the patient asked for it; nobody says what for', () => {
    for (const basis of ['grant', 'owner', 'delegate'] as const) {
      expect(encodeAtnaMessage(entry({ basis }), identity)).toContain(
        '<PurposeOfUse csd-code="PATRQT" codeSystemName="2.16.840.1.113883.5.8" originalText="patient requested"/></EventIdentification>',
      );
      expect(encodeBalpEvent(entry({ basis }), identity)).toMatchObject({
        purposeOfEvent: [{ coding: [{ code: 'PATRQT' }] }],
      });
    }
    const { basis: _basis, ...unserved } = event(1, { phase: 'refused', outcome: 'failure', code: 'X' });
    expect(encodeAtnaMessage({ number: 1, atMs: FIRST_DAY, event: unserved }, identity)).not.toContain('PurposeOfUse');
  });

  test('break-glass is an alert, and says so of each reading', () => {
    const started = { transaction: 'EMERGENCY', basis: 'emergency' } as const;
    const xml = encodeAtnaMessage(entry(started), identity);
    expect(xml).toContain('EventActionCode="E"');
    expect(xml).toContain(
      '<EventID csd-code="110113" codeSystemName="DCM" originalText="Security Alert"/><EventTypeCode csd-code="110127" codeSystemName="DCM" originalText="Emergency Override Started"/>',
    );
    expect(encodeAtnaMessage(entry({ basis: 'emergency' }), identity)).toContain('csd-code="BTG"');
    expect(encodeBalpEvent(entry(started), identity)).toMatchObject({
      type: { code: '110113' },
      subtype: [{ code: '110127' }],
      action: 'E',
      purposeOfEvent: [{ coding: [{ code: 'BTG' }] }],
    });
  });

  test('the same facts as a FHIR AuditEvent', () => {
    expect(encodeBalpEvent(entry({}), identity)).toMatchObject({
      resourceType: 'AuditEvent',
      type: { code: '110106' },
      subtype: [{ code: 'ITI-43' }],
      action: 'R',
      outcome: '0',
      recorded: '2026-01-01T00:00:00.000Z',
      agent: [
        { who: { display: event(1).endpointUrl } },
        { who: { identifier: { value: 'cd'.repeat(32) } }, requestor: true },
      ],
      entity: [{ what: { identifier: { value: '01'.repeat(32) } } }, {}],
    });
  });

  test('what has only begun makes none', () => {
    expect(encodeAtnaMessage(entry({ phase: 'begun' }), identity)).toBeUndefined();
    expect(encodeBalpEvent(entry({ phase: 'begun' }), identity)).toBeUndefined();
  });
});
