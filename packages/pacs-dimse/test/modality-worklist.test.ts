// Goal: what a hospital's worklist holds becomes orders, and a worklist that is down, slow, unwilling or mad becomes a code. Method: a fake one, and DCMTK's wlmscpfs.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Order } from '@radledger/imaging';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { FIELD } from '../src/command-set.js';
import { type Identifier, TAGS } from '../src/identifier.js';
import { createModalityWorklist, type ModalityWorklistOptions } from '../src/index.js';
import { encodeAssociateReject } from '../src/pdu.js';
import { WORKLIST_FIND } from '../src/syntaxes.js';
import { answerQuery, type FakeArchive, only, received, startFakeArchive } from './fake-archive.js';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });
const STEP_SEQUENCE = 0x00400100;
const NOON = new Date(2026, 10, 29, 12).getTime();

type Keys = Map<number, string | Identifier>;
const STEP: Identifier = new Map([
  [0x00080060, 'MR'],
  [0x00400002, '20261130'],
  [0x00400003, '093000.000'],
  [0x00400007, 'Knee, left'],
]);
const entry = (...changes: readonly (readonly [number, string | Identifier])[]): Keys =>
  new Map<number, string | Identifier>([
    [0x00080005, 'ISO_IR 100'],
    [TAGS.accessionNumber, 'A-17'],
    [TAGS.accessionIssuer, new Map([[TAGS.localNamespace, 'RIS']])],
    [0x00100010, 'M\xfcller^Hans^J'],
    [0x00100020, 'PID7731'],
    [0x00100030, '19610407'],
    [TAGS.studyInstanceUid, '1.2.3'],
    [0x00321060, 'MRI of the knee'],
    [STEP_SEQUENCE, STEP],
    ...changes,
  ]);

const options = (port: number, more: Partial<ModalityWorklistOptions> = {}): ModalityWorklistOptions => ({
  host: '127.0.0.1',
  port,
  calledAeTitle: 'RIS',
  callingAeTitle: 'GATEWAY',
  now: () => NOON,
  ...more,
});

async function look(port: number, more: Partial<ModalityWorklistOptions> = {}) {
  const orders: Order[] = [];
  const outcome = await createModalityWorklist(options(port, more)).look(async ({ order, isCancelled }) => {
    expect(isCancelled).toBe(false);
    orders.push(order);
  });
  return { orders, outcome };
}

describe('a fake worklist', () => {
  let fake: FakeArchive;
  beforeEach(async () => {
    fake = await startFakeArchive();
  });
  afterEach(() => fake.close());
  const holding = (...entries: readonly Identifier[]): void =>
    fake.play(async (association) => answerQuery(association, await received(association), entries));

  test('an entry is an order', async () => {
    holding(entry());
    const { orders, outcome } = await look(fake.port);
    expect(orders).toEqual([
      {
        accession: { number: 'A-17', issuer: 'RIS' },
        studyInstanceUid: '1.2.3',
        patient: { name: 'Müller, Hans J', id: 'PID7731', birthDate: '1961-04-07' },
        description: 'MRI of the knee',
        modality: 'MR',
        scheduledAt: '2026-11-30T09:30',
      },
    ]);
    expect(outcome).toEqual({ refused: 0, code: undefined });
  });

  test('the days from yesterday on are asked for, and nothing that is not needed', async () => {
    let asked = Buffer.alloc(0);
    fake.play(async (association) => {
      const message = await association.receive();
      if (message === 'released') throw new Error('expected a query');
      for await (const chunk of message.dataSet ?? []) asked = Buffer.concat([asked, chunk]);
      expect(message.command.sopClassUid).toBe(WORKLIST_FIND);
      await answerQuery(association, message, []);
    });
    await look(fake.port, { daysAhead: 3 });
    expect(asked.toString('latin1')).toContain('20261128-20261202');
  });

  test('ideographic names, entries without a step, and numbers of other issuers', async () => {
    holding(
      entry([0x00080005, ''], [0x00100010, '=Yamada^Tarou'], [STEP_SEQUENCE, '']),
      entry([
        TAGS.accessionIssuer,
        new Map([
          [TAGS.localNamespace, 'RIS'],
          [TAGS.universalId, '1.2.40'],
        ]),
      ]),
    );
    const { orders } = await look(fake.port);
    expect(orders).toMatchObject([
      { patient: { name: 'Yamada, Tarou' }, modality: undefined, scheduledAt: undefined },
      { accession: { issuer: '1.2.40' } },
    ]);
  });

  test('entries that name nothing are passed over and counted', async () => {
    holding(
      entry([TAGS.accessionNumber, ''], [TAGS.studyInstanceUid, '']),
      entry([TAGS.studyInstanceUid, '../1']),
      entry([TAGS.accessionNumber, 'A-18']),
    );
    const { orders, outcome } = await look(fake.port);
    expect(orders.map(({ accession }) => accession?.number)).toEqual(['A-18']);
    expect(outcome).toEqual({ refused: 2, code: 'ORDER_UNIDENTIFIED' });
  });

  test('nothing is taken of an answer that breaks off', async () => {
    fake.play(async (association, socket) => {
      const message = await received(association);
      const head = { field: FIELD.findResponse, respondsTo: message.command.messageId ?? 0, status: 0xff00 };
      await association.send(message.contextId, head, only(Buffer.alloc(0)));
      socket.destroy();
    });
    await expect(look(fake.port)).rejects.toMatchObject({ code: 'ARCHIVE_UNAVAILABLE', info: { reason: 'CLOSED' } });
  });

  test('what taking throws is thrown', async () => {
    holding(entry());
    const worklist = createModalityWorklist(options(fake.port));
    await expect(worklist.look(() => Promise.reject(new Error('disk full')))).rejects.toThrow('disk full');
  });

  test.each<[string, () => void, object]>([
    ['does not answer', () => fake.takeOver(() => undefined), { info: { reason: 'TIMEOUT' } }],
    [
      'falls silent in the middle',
      () =>
        fake.play(async (association) => {
          await received(association);
          await new Promise(() => undefined);
        }),
      { info: { reason: 'TIMEOUT' } },
    ],
    [
      'does not know us',
      () => fake.takeOver((socket) => void socket.once('data', () => socket.end(encodeAssociateReject(1, 1, 3)))),
      { info: { reason: 'REJECTED_1_1_3' } },
    ],
    ['is no worklist', () => fake.agree(() => false), { info: { rule: 'find' } }],
    [
      'refuses the query',
      () => fake.play(async (association) => answerQuery(association, await received(association), [], 0xa700)),
      { code: 'ARCHIVE_REFUSED', info: { status: 0xa700 } },
    ],
    [
      'speaks HTTP',
      () => fake.takeOver((socket) => void socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')),
      { code: 'ARCHIVE_ANSWER_INVALID' },
    ],
    [
      'sends no data set',
      () =>
        fake.play(async (association) => {
          const message = await received(association);
          const head = { field: FIELD.findResponse, respondsTo: message.command.messageId ?? 0, status: 0xff00 };
          await association.send(message.contextId, head, only(Buffer.from([8, 0, 5, 0, 255, 255, 255, 255, 1])));
        }),
      { info: { rule: 'identifier' } },
    ],
    [
      'has a sequence without items',
      () => holding(entry([STEP_SEQUENCE, '12345678'])),
      { info: { rule: 'identifier' } },
    ],
  ])('one that %s', async (_name, arrange, error) => {
    arrange();
    await expect(look(fake.port, { timeoutMs: 300 })).rejects.toMatchObject(error);
  });

  test('a look is ended from outside, while it connects and while it waits', async () => {
    const reached = new Promise<void>((resolve) => fake.takeOver(() => resolve()));
    const stopping = new AbortController();
    const looking = expect(look(fake.port, { signal: stopping.signal })).rejects.toMatchObject({
      code: 'ARCHIVE_UNAVAILABLE',
      info: { reason: 'CLOSED' },
    });
    await reached;
    stopping.abort();
    await looking;
    await expect(look(fake.port, { signal: stopping.signal })).rejects.toMatchObject({ info: { reason: 'CLOSED' } });
  });

  test('one that never ends is left', async () => {
    fake.play(async (association) => {
      const { contextId, command } = await received(association);
      const head = { field: FIELD.findResponse, respondsTo: command.messageId ?? 0, status: 0xff00 };
      for (;;) await association.send(contextId, head, only(Buffer.alloc(0)));
    });
    const error: unknown = await look(fake.port, { answerMsMax: 300 }).catch((thrown: unknown) => thrown);
    expect(['ARCHIVE_UNAVAILABLE', 'ARCHIVE_ANSWER_INVALID']).toContain((error as { code: string }).code);
  });
});

test('nobody there', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  await expect(look(port)).rejects.toMatchObject({ code: 'ARCHIVE_UNAVAILABLE', info: { reason: 'ECONNREFUSED' } });
});

const WLMSCPFS = '/usr/bin/wlmscpfs';
const isMissing = !existsSync(WLMSCPFS) && process.env['CI'] === undefined;

describe.skipIf(isMissing)('wlmscpfs of DCMTK', () => {
  let folder: string;
  let worklist: { child: ChildProcess; port: number };
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'radledger-worklist-'));
    await mkdir(join(folder, 'RIS'));
    await writeFile(join(folder, 'RIS', 'lockfile'), '');
    await addEntry('1', '20261130');
    await addEntry('2', '20270601');
    worklist = await startWorklist(folder);
  });
  afterAll(async () => {
    const exited = once(worklist.child, 'exit');
    worklist.child.kill();
    await exited;
    await rm(folder, { recursive: true });
  });

  const addEntry = async (number: string, day: string): Promise<void> => {
    const dump = join(folder, `${number}.dump`);
    await writeFile(dump, Buffer.from(dumpOf(number, day), 'latin1'));
    await promisify(execFile)('/usr/bin/dump2dcm', [dump, join(folder, 'RIS', `${number}.wl`)]);
  };

  test('what is scheduled for the days to come becomes orders', async () => {
    const { orders, outcome } = await look(worklist.port);
    expect(outcome).toEqual({ refused: 0, code: undefined });
    expect(orders).toEqual([
      {
        accession: { number: 'A-1', issuer: undefined },
        studyInstanceUid: '1.2.276.0.7230010.3.2.1',
        patient: { name: 'Müller, Hans', id: 'AV35674', birthDate: '1961-04-07' },
        description: 'MRI of the knee',
        modality: 'MR',
        scheduledAt: '2026-11-30T08:56',
      },
    ]);
  });

  test('another AE title is not known', async () => {
    const other = look(worklist.port, { calledAeTitle: 'OTHER' });
    await expect(other).rejects.toMatchObject({ code: 'ARCHIVE_UNAVAILABLE', info: { reason: 'REJECTED_1_1_7' } });
  });
});

function dumpOf(number: string, day: string): string {
  return `(0008,0005) CS [ISO_IR 100]
(0008,0050) SH [A-${number}]
(0010,0010) PN [M\xfcller^Hans]
(0010,0020) LO [AV35674]
(0010,0030) DA [19610407]
(0020,000d) UI [1.2.276.0.7230010.3.2.${number}]
(0032,1060) LO [MRI of the knee]
(0040,0100) SQ
(fffe,e000) -
(0008,0060) CS [MR]
(0040,0001) AE [MR1]
(0040,0002) DA [${day}]
(0040,0003) TM [085607]
(0040,0007) LO [Knee, left]
(0040,0009) SH [SPD1]
(fffe,e00d) -
(fffe,e0dd) -
(0040,1001) SH [RP1]
`;
}

async function startWorklist(folder: string): Promise<{ child: ChildProcess; port: number }> {
  for (let port = 21_000 + Math.floor(Math.random() * 9_000); ; port++) {
    const child = spawn(WLMSCPFS, ['-csk', '-dfr', '-dfp', folder, String(port)], { stdio: 'ignore' });
    const exited = once(child, 'exit').then(() => false);
    while (child.exitCode === null) if (await Promise.race([isListening(port), exited])) return { child, port };
  }
}

async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
