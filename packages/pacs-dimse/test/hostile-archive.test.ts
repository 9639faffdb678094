// Goal: an archive that is broken, slow or hostile costs an error with a code, never memory, a hang or a wrong study, and the next request works. Method: an archive that does what each case says.
import type { Socket } from 'node:net';
import type { QuarantinedStudy } from '@radledger/imaging';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Message } from '../src/association.js';
import { encodeCommand, FIELD } from '../src/command-set.js';
import { TAGS } from '../src/identifier.js';
import { createDimseArchive, type DimseArchive, type DimseArchiveOptions } from '../src/index.js';
import { encodeAbort, encodeAssociateReject, encodeDataHead } from '../src/pdu.js';
import { STUDY_ROOT_FIND } from '../src/syntaxes.js';
import {
  answerQueries,
  answerQuery,
  type FakeArchive,
  giveInstance,
  INSTANCE,
  ONE_INSTANCE,
  only,
  received,
  type Script,
  SECONDARY_CAPTURE,
  startFakeArchive,
  STUDY,
} from './fake-archive.js';

const bytes = new Uint8Array(40_000).map((_, i) => i & 0xff);
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });
let fake: FakeArchive;
let opened: DimseArchive[];
beforeEach(async () => {
  opened = [];
  fake = await startFakeArchive();
});
afterEach(async () => {
  for (const archive of opened) await archive.close();
  await fake.close();
});

function archiveOf(options: Partial<DimseArchiveOptions> = {}): DimseArchive {
  const titles = { calledAeTitle: 'ARCHIVE', callingAeTitle: 'GATEWAY' };
  const archive = createDimseArchive({ host: '127.0.0.1', port: fake.port, ...titles, timeoutMs: 20_000, ...options });
  opened.push(archive);
  return archive;
}

async function list(archive: DimseArchive): Promise<number> {
  let studies = 0;
  for await (const _ of archive.listStudies()) studies += 1;
  return studies;
}

/** The bytes of the one instance, without the head that the connector writes. */
async function read(archive: DimseArchive): Promise<Buffer> {
  const snapshot = await archive.openStudy(STUDY);
  const chunks: Uint8Array[] = [];
  for await (const chunk of snapshot.instances[0]?.open() ?? []) chunks.push(chunk);
  return Buffer.concat(chunks.slice(1));
}

type Give = (...args: Parameters<Script>) => (asked: Message) => Promise<void>;
/** Answers queries, and a retrieval by what `give` is by then. */
const giving =
  (give: () => Give): Script =>
  async (association, socket) => {
    const asked = await answerQueries(association);
    await give()(association, socket)(asked);
  };

describe('association', () => {
  test.each<[string, (socket: Socket) => void, object]>([
    ['a rejection', (s) => s.end(encodeAssociateReject(1, 1, 3)), { reason: 'REJECTED_1_1_3' }],
    ['an abort', (s) => s.end(encodeAbort(0)), { reason: 'ABORTED' }],
    ['an end at once', (s) => s.end(), { reason: 'CLOSED' }],
    ['half a unit', (s) => s.end(Buffer.from([2, 0, 0, 0, 1, 0, 9])), { reason: 'CLOSED' }],
    ['a unit of 4 GiB', (s) => s.write(Buffer.from([2, 0, 0xff, 0xff, 0xff, 0xff])), { rule: 'pdu-size' }],
    ['another protocol', (s) => s.write('HTTP/1.1 400 Bad Request\r\n\r\n'), { rule: 'pdu-size' }],
    ['an unknown unit', (s) => s.write(Buffer.from([9, 0, 0, 0, 0, 1, 0])), { rule: 'pdu-type' }],
    ['items longer than their unit', (s) => s.write(accept(Buffer.from([0x21, 0, 0xff, 0xff]))), { rule: 'pdu-items' }],
    ['a context that was not proposed', (s) => s.write(accept(context(99, '1.2'))), { rule: 'contexts' }],
    [
      'a transfer syntax that was not proposed',
      (s) => s.write(accept(context(1, '1.2.840.10008.1.2.4.50'))),
      { rule: 'contexts' },
    ],
  ])('%s', async (_name, act, info) => {
    fake.takeOver(act);
    await expect(list(archiveOf())).rejects.toMatchObject({ info });
  });

  test('silence ends with a time-out', async () => {
    fake.takeOver(() => undefined);
    await expect(list(archiveOf({ timeoutMs: 200 }))).rejects.toMatchObject({ info: { reason: 'TIMEOUT' } });
  });

  test('nobody there', async () => {
    await expect(list(archiveOf({ port: 1 }))).rejects.toMatchObject({ info: { reason: 'ECONNREFUSED' } });
  });

  test.each(['', ' ', 'SEVENTEEN_LETTERS', 'BACK\\SLASH'])('"%s" is no AE title', (calledAeTitle) => {
    expect(() => archiveOf({ calledAeTitle })).toThrow(TypeError);
  });
});

describe('C-FIND', () => {
  test('each study once, with its number of instances', async () => {
    fake.play(async (association) => {
      const asked = await received(association);
      const match = new Map([
        [TAGS.studyInstanceUid, STUDY],
        [TAGS.studyInstances, '7'],
      ]);
      await answerQuery(association, asked, [match, match]);
    });
    const studies: unknown[] = [];
    for await (const study of archiveOf().listStudies()) studies.push(study);
    expect(studies).toEqual([{ studyInstanceUid: STUDY, instances: 7 }]);
  });

  test('an archive that does not answer queries', async () => {
    fake.agree((abstractSyntax) => abstractSyntax !== STUDY_ROOT_FIND);
    await expect(list(archiveOf())).rejects.toMatchObject({ info: { rule: 'find' } });
  });

  test('a failure says its status', async () => {
    fake.play(async (association) => answerQuery(association, await received(association), [], 0xa700));
    await expect(list(archiveOf())).rejects.toMatchObject({ code: 'ARCHIVE_REFUSED', info: { status: 0xa700 } });
  });

  test.each([
    ['no UID', new Map([[TAGS.studyInstances, '1']])],
    ['a UID that is none', new Map([[TAGS.studyInstanceUid, '../../etc']])],
  ])('a match with %s', async (_name, match) => {
    fake.play(async (association) => answerQuery(association, await received(association), [match]));
    await expect(list(archiveOf())).rejects.toMatchObject({ code: 'INVALID_UID' });
  });

  test.each([
    ['is no data set', Buffer.from([1, 2, 3]), 'identifier'],
    ['ends inside an element', Buffer.from([0x20, 0, 0x0d, 0, 9, 0, 0, 0, 0x31]), 'identifier'],
    [
      'nests for ever',
      Buffer.from('08001011ffffffff' + 'feff00e0ffffffff08001011ffffffff'.repeat(20), 'hex'),
      'identifier',
    ],
    ['is too large', Buffer.alloc(300_000), 'identifier-size'],
  ])('a match that %s', async (_name, answer, rule) => {
    fake.play(async (association) => {
      const { contextId, command } = await received(association);
      const head = { field: FIELD.findResponse, respondsTo: command.messageId ?? 0, status: 0xff00 };
      await association.send(contextId, head, only(answer));
    });
    await expect(list(archiveOf())).rejects.toMatchObject({ info: { rule } });
  });
});

describe('C-GET', () => {
  const good: Give = (association) => (asked) => giveInstance(association, asked, only(bytes));

  test('the data set passes byte for byte, behind a head of ours, again and again on one association', async () => {
    const seen = new Set<unknown>();
    fake.play(async (association) => {
      seen.add(association);
      await giveInstance(association, await answerQueries(association), only(bytes.subarray(0, 1), bytes.subarray(1)));
    });
    const snapshot = await archiveOf().openStudy(STUDY);
    for (let times = 0; times < 3; times++) {
      const chunks: Uint8Array[] = [];
      for await (const chunk of snapshot.instances[0]?.open() ?? []) chunks.push(chunk);
      const file = Buffer.concat(chunks);
      expect(file.subarray(128, 132).toString()).toBe('DICM');
      expect(file.subarray(file.length - bytes.length)).toEqual(Buffer.from(bytes));
    }
    // One for queries, one for instances.
    expect(seen.size).toBe(2);
  });

  test.each<[string, Give, object]>([
    [
      'another instance',
      (a) => (asked) => giveInstance(a, asked, only(bytes), { sopInstanceUid: '2.25.999' }),
      { rule: 'instance' },
    ],
    [
      'the instance twice',
      (a) => async (asked) => {
        await giveInstance(a, asked, only(bytes), { status: 0xff00 });
        await giveInstance(a, asked, only(bytes));
      },
      { rule: 'retrieve' },
    ],
    ['too many bytes', (a) => (asked) => giveInstance(a, asked, only(bytes, bytes)), { code: 'INSTANCE_TOO_LARGE' }],
    [
      'success without the instance',
      (a) =>
        ({ contextId, command }) =>
          a.send(contextId, { field: FIELD.getResponse, respondsTo: command.messageId ?? 0, status: 0 }),
      { code: 'INSTANCE_CHANGED' },
    ],
    [
      'a failure with a list of UIDs',
      (a) =>
        ({ contextId, command }) => {
          const failed = { field: FIELD.getResponse, respondsTo: command.messageId ?? 0, status: 0xc000 };
          return a.send(contextId, failed, only(Buffer.alloc(8)));
        },
      { code: 'ARCHIVE_REFUSED', status: 0xc000 },
    ],
    [
      'a failure with UIDs behind the command, as DCMTK writes it',
      (_a, socket) =>
        async ({ contextId, command: { messageId = 0 } }) => {
          const response = encodeCommand({ field: FIELD.getResponse, respondsTo: messageId, status: 0xc000 });
          const both = Buffer.concat([response, Buffer.from('08005800020000003331', 'hex')]);
          socket.write(encodeDataHead({ contextId, isCommand: true, isLast: true }, both.length));
          socket.write(both);
        },
      { code: 'ARCHIVE_REFUSED', status: 0xc000 },
    ],
    [
      'a failure behind the instance',
      (a) => (asked) => giveInstance(a, asked, only(bytes), { status: 0xa702 }),
      { code: 'ARCHIVE_REFUSED', status: 0xa702 },
    ],
    [
      'an end inside the instance',
      (a, socket) => (asked) =>
        giveInstance(
          a,
          asked,
          dying(() => socket.end()),
        ),
      { reason: 'CLOSED' },
    ],
    [
      'an abort inside the instance',
      (a, socket) => (asked) =>
        giveInstance(
          a,
          asked,
          dying(() => socket.write(encodeAbort(0))),
        ),
      { reason: 'ABORTED' },
    ],
    [
      'progress for ever',
      (a) =>
        async ({ contextId, command }) => {
          const progress = { field: FIELD.getResponse, respondsTo: command.messageId ?? 0, status: 0xff00 };
          for (;;) await a.send(contextId, progress);
        },
      { rule: 'pending' },
    ],
    [
      'an answer to another request',
      (a) =>
        ({ contextId }) =>
          a.send(contextId, { field: FIELD.getResponse, respondsTo: 99, status: 0 }),
      { rule: 'retrieve' },
    ],
    [
      'a data set without a command',
      (_a, socket) => async () => void socket.write(Buffer.from([4, 0, 0, 0, 0, 6, 0, 0, 0, 2, 1, 2])),
      { rule: 'command' },
    ],
  ])('%s, and the next request works', async (_name, hostile, info) => {
    const archive = archiveOf({ instanceBytesMax: 65_536 });
    let give = hostile;
    fake.play(giving(() => give));
    await expect(read(archive)).rejects.toMatchObject({ info });
    give = good;
    expect(await read(archiveOf())).toEqual(Buffer.from(bytes));
    expect(await read(archive)).toEqual(Buffer.from(bytes));
  });

  test('silence inside the instance ends with a time-out', async () => {
    const silent = dying(() => undefined);
    fake.play(giving(() => (association) => (asked) => giveInstance(association, asked, silent)));
    await expect(read(archiveOf({ timeoutMs: 500 }))).rejects.toMatchObject({ info: { reason: 'TIMEOUT' } });
  });

  test('tiny units, each just in time, do not hold it for ever', async () => {
    let given = 0;
    const drip = (contextId: number, socket: Socket): Promise<void> =>
      new Promise((_resolve, reject) => {
        const timer = setInterval(() => {
          given += 1;
          const head = encodeDataHead({ contextId, isCommand: false, isLast: false }, 1);
          socket.write(Buffer.concat([head, Buffer.from([0])]));
        }, 20);
        socket.once('close', () => {
          clearInterval(timer);
          reject(new Error('it was left'));
        });
      });
    fake.play(
      giving(() => (association, socket) => async (asked) => {
        const command = { field: FIELD.storeRequest, messageId: 1, priority: 0, hasDataSet: true };
        const named = { ...command, sopClassUid: SECONDARY_CAPTURE, sopInstanceUid: INSTANCE };
        const context = association.contextOf(SECONDARY_CAPTURE)?.id ?? asked.contextId;
        const fragment = encodeCommand(named);
        const head = encodeDataHead({ contextId: context, isCommand: true, isLast: true }, fragment.length);
        socket.write(Buffer.concat([head, fragment]));
        await drip(context, socket);
      }),
    );
    await expect(read(archiveOf({ timeoutMs: 400 }))).rejects.toMatchObject({ info: { reason: 'TOO_SLOW' } });
    expect(given).toBeGreaterThan(10);
    fake.play(giving(() => good));
    expect(await read(archiveOf())).toEqual(Buffer.from(bytes));
  });

  test('what is not read is not sent: an endless instance stands still', async () => {
    let sent = 0;
    const endless = async function* () {
      for (;;) {
        sent += bytes.length;
        yield bytes;
      }
    };
    fake.play(giving(() => (a) => (asked) => giveInstance(a, asked, endless())));
    const snapshot = await archiveOf().openStudy(STUDY);
    const chunks = (snapshot.instances[0]?.open() ?? only())[Symbol.asyncIterator]();
    for (let i = 0; i < 3; i++) await chunks.next();
    // Turns of the event loop, not time: whoever does not wait for the reader sends in each of them.
    for (let turn = 0; turn < 2_000; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(sent).toBeLessThan(32 * 1024 * 1024);
    await chunks.return?.();
  });

  // Regression: readers who stand still took every association, and nobody could list or publish.
  test('as many readers as it says may stand still: it is listed, and read, beside them', async () => {
    const endless = async function* () {
      for (;;) yield bytes;
    };
    let given = 0;
    fake.play(giving(() => (a) => (asked) => giveInstance(a, asked, (given += 1) > 2 ? only(bytes) : endless())));
    const archive = archiveOf({ associationsMax: 3 });
    expect(archive.readsMax).toBe(2);
    const snapshot = await archive.openStudy(STUDY);
    const readers = [1, 2].map(() => (snapshot.instances[0]?.open() ?? only())[Symbol.asyncIterator]());
    for (const reader of readers) for (let i = 0; i < 3; i++) await reader.next();
    expect(await read(archive)).toEqual(Buffer.from(bytes));
    for (const reader of readers) await reader.return?.();
    expect(archiveOf({ associationsMax: 1 }).readsMax).toBe(1);
  });
});

describe('C-STORE', () => {
  const instance = {
    studyInstanceUid: STUDY,
    seriesInstanceUid: '2.25.2',
    sopInstanceUid: INSTANCE,
    sopClassUid: SECONDARY_CAPTURE,
    transferSyntaxUid: '1.2.840.10008.1.2.4.90',
    instanceNumber: 1,
    dataSetOffset: 10,
    sizeBytes: bytes.length,
    sha256: new Uint8Array(32),
    open: () => only(bytes),
  };
  const study = { studyInstanceUid: STUDY, instances: [instance] } as unknown as QuarantinedStudy;
  /** Answers queries and takes instances with `status`; lists what it took when `keeps`. */
  const taking =
    (status: number, keeps: boolean, taken: Buffer[] = []): Script =>
    async (association) => {
      for (;;) {
        const message = await association.receive();
        if (message === 'released') return;
        const chunks: Uint8Array[] = [];
        for await (const chunk of message.dataSet ?? []) chunks.push(chunk);
        const { contextId, command } = message;
        if (command.field === FIELD.findRequest) {
          const isImages = Buffer.concat(chunks).includes('IMAGE');
          const match = isImages ? ONE_INSTANCE : new Map([[TAGS.seriesInstanceUid, '2.25.2']]);
          await answerQuery(association, message, keeps && taken.length > 0 ? [match] : []);
        } else {
          taken.push(Buffer.concat(chunks));
          await association.send(contextId, { field: FIELD.storeResponse, respondsTo: command.messageId ?? 0, status });
        }
      }
    };

  test('the data set is sent as it is, once', async () => {
    const taken: Buffer[] = [];
    fake.play(taking(0, true, taken));
    const archive = archiveOf({ filingCheck: 'listed' });
    const location = `dicom://127.0.0.1:${fake.port}/ARCHIVE/studies/${STUDY}`;
    expect(await archive.fileStudy(study)).toEqual({ location, written: true });
    expect(taken).toEqual([Buffer.from(bytes.subarray(10))]);
    expect(await archive.fileStudy(study)).toEqual({ location, written: false });
  });

  test('a transfer syntax that the archive does not take is known before a byte is sent', async () => {
    const taken: Buffer[] = [];
    fake.play(taking(0, true, taken));
    fake.agree((_, transferSyntax) => transferSyntax !== instance.transferSyntaxUid);
    await expect(archiveOf().fileStudy(study)).rejects.toMatchObject({
      code: 'FILING_INCOMPLETE',
      info: { missing: 1 },
    });
    expect(taken).toEqual([]);
  });

  test('a full archive', async () => {
    fake.play(taking(0xa700, false));
    await expect(archiveOf().fileStudy(study)).rejects.toMatchObject({
      code: 'ARCHIVE_REFUSED',
      info: { status: 0xa700 },
    });
  });

  test('success for what it does not keep', async () => {
    fake.play(taking(0, false));
    await expect(archiveOf().fileStudy(study)).rejects.toMatchObject({
      code: 'FILING_INCOMPLETE',
      info: { missing: 1 },
    });
  });

  test('an archive that stops reading ends with a time-out', async () => {
    const endless = { ...instance, open: () => repeated(bytes) };
    fake.play(async (association, socket) => {
      const message = await association.receive();
      if (message === 'released' || message.command.field !== FIELD.findRequest) return void socket.pause();
      for await (const _ of message.dataSet ?? []);
      await answerQuery(association, message, []);
    });
    const full = { ...study, instances: [endless] } as unknown as QuarantinedStudy;
    await expect(archiveOf({ timeoutMs: 500 }).fileStudy(full)).rejects.toMatchObject({ info: { reason: 'TIMEOUT' } });
  });

  test('what the quarantine throws is what the caller gets', async () => {
    const broken = {
      ...instance,
      open: () =>
        dying(() => {
          throw new RangeError('gone');
        }),
    };
    fake.play(taking(0, false));
    const study = { studyInstanceUid: STUDY, instances: [broken] } as unknown as QuarantinedStudy;
    await expect(archiveOf().fileStudy(study)).rejects.toThrow(RangeError);
  });
});

/** A few bytes, then something happens, then nothing. */
async function* dying(act: () => void): AsyncGenerator<Uint8Array, void, void> {
  yield bytes;
  act();
  await new Promise(() => undefined);
}

async function* repeated(chunk: Uint8Array): AsyncGenerator<Uint8Array, void, void> {
  for (;;) yield chunk;
}

/** An A-ASSOCIATE-AC with these items. */
function accept(items: Buffer): Buffer {
  const head = Buffer.alloc(74);
  head[0] = 2;
  head.writeUInt32BE(68 + items.length, 2);
  return Buffer.concat([head, items]);
}

function context(id: number, transferSyntax: string): Buffer {
  const { length } = transferSyntax;
  return Buffer.concat([
    Buffer.from([0x21, 0, 0, 8 + length, id, 0, 0, 0, 0x40, 0, 0, length]),
    Buffer.from(transferSyntax, 'latin1'),
  ]);
}
