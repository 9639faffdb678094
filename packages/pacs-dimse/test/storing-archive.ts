/** A fake archive that keeps what it is sent in memory and gives it back, and can be bad at it. */
import { inspectInstance } from '@radledger/imaging';
import type { Association, Message } from '../src/association.js';
import { FIELD } from '../src/command-set.js';
import { decodeIdentifier, type Identifier, TAGS } from '../src/identifier.js';
import { part10Head } from '../src/part10.js';
import {
  answerQuery,
  EXPLICIT_LITTLE_ENDIAN,
  type FakeArchive,
  giveInstance,
  only,
  SECONDARY_CAPTURE,
  startFakeArchive,
} from './fake-archive.js';

/** What it does wrong, and the code that filing ends with. */
export const TROUBLES = {
  'keeps nothing of what it says it stored': 'FILING_INCOMPLETE',
  'changes what it stores': 'FILING_INCOMPLETE',
  'takes the first instance and refuses the second': 'ARCHIVE_REFUSED',
  'gives back more than it was given': 'FILING_INCOMPLETE',
  'lists what it does not give back': 'INSTANCE_CHANGED',
  'breaks off as it is sent to': 'ARCHIVE_UNAVAILABLE',
  'is out of space': 'ARCHIVE_REFUSED',
  'answers a store with something else': 'ARCHIVE_ANSWER_INVALID',
} as const;
type Trouble = keyof typeof TROUBLES;

interface Held {
  readonly studyInstanceUid: string;
  readonly seriesInstanceUid: string;
  readonly sopInstanceUid: string;
  readonly dataSet: Buffer;
}

export interface StoringArchive {
  readonly port: number;
  /** Part 10 files. */
  files(): readonly Buffer[];
  trouble: Trouble | undefined;
  close(): Promise<void>;
}

export async function startStoringArchive(): Promise<StoringArchive> {
  const held = new Map<string, Held>();
  const fake: FakeArchive = await startFakeArchive();
  const archive: StoringArchive = {
    port: fake.port,
    trouble: undefined,
    files: () => [...held.values()].map((each) => fileOf(each.sopInstanceUid, each.dataSet)),
    close: () => fake.close(),
  };

  const query = (association: Association, message: Message, identifier: Buffer): Promise<void> => {
    const asked = decodeIdentifier(identifier);
    const ofStudy = [...held.values()].filter((each) => each.studyInstanceUid === asked.text(TAGS.studyInstanceUid));
    const series = new Set(ofStudy.map(({ seriesInstanceUid }) => seriesInstanceUid));
    const isImages = asked.text(TAGS.queryRetrieveLevel) === 'IMAGE';
    const matches = isImages
      ? ofStudy.map(({ sopInstanceUid }) => [TAGS.sopInstanceUid, sopInstanceUid] as const)
      : [...series].map((uid) => [TAGS.seriesInstanceUid, uid] as const);
    const classed = (match: readonly [number, string]): Identifier =>
      new Map([match, ...(isImages ? [[TAGS.sopClassUid, SECONDARY_CAPTURE] as const] : [])]);
    return answerQuery(association, message, matches.map(classed));
  };

  const give = async (association: Association, message: Message, identifier: Buffer): Promise<void> => {
    const { contextId, command } = message;
    const found = held.get(decodeIdentifier(identifier).text(TAGS.sopInstanceUid));
    if (found === undefined || archive.trouble === 'lists what it does not give back') {
      const gone = { field: FIELD.getResponse, respondsTo: command.messageId ?? 0, status: 0 };
      return association.send(contextId, gone);
    }
    const more = archive.trouble === 'gives back more than it was given' ? [found.dataSet] : [];
    const { sopInstanceUid } = found;
    return giveInstance(association, message, only(found.dataSet, ...more), { sopInstanceUid });
  };

  let stored = 0;
  const store = async (association: Association, { contextId, command }: Message, dataSet: Buffer): Promise<void> => {
    const { trouble } = archive;
    const { sopInstanceUid = '', messageId = 0 } = command;
    const answer = (status: number, field: number = FIELD.storeResponse) =>
      association.send(contextId, { field, respondsTo: messageId, status });
    stored = trouble === undefined ? 0 : stored + 1;
    if (trouble === 'breaks off as it is sent to') return association.abort();
    if (trouble === 'is out of space') return answer(0xa700);
    if (trouble === 'answers a store with something else') return answer(0, FIELD.findResponse);
    if (trouble === 'takes the first instance and refuses the second' && stored > 1) return answer(0xa900);
    if (trouble === 'changes what it stores') dataSet[dataSet.length - 1] = (dataSet.at(-1) ?? 0) ^ 1;
    const { studyInstanceUid, seriesInstanceUid } = await inspectInstance(only(fileOf(sopInstanceUid, dataSet)));
    // As a PACS that never overwrites.
    if (trouble !== 'keeps nothing of what it says it stored' && !held.has(sopInstanceUid)) {
      held.set(sopInstanceUid, { studyInstanceUid, seriesInstanceUid, sopInstanceUid, dataSet });
    }
    return answer(0);
  };

  fake.play(async (association) => {
    const message = await association.receive();
    if (message === 'released') throw new Error('the association has ended');
    const chunks: Uint8Array[] = [];
    for await (const chunk of message.dataSet ?? []) chunks.push(chunk.slice());
    const dataSet = Buffer.concat(chunks);
    const { field } = message.command;
    if (field === FIELD.findRequest) return query(association, message, dataSet);
    return (field === FIELD.getRequest ? give : store)(association, message, dataSet);
  });
  return archive;
}

function fileOf(sopInstanceUid: string, dataSet: Buffer): Buffer {
  const head = { sopClassUid: SECONDARY_CAPTURE, sopInstanceUid, transferSyntaxUid: EXPLICIT_LITTLE_ENDIAN };
  return Buffer.concat([part10Head(head), dataSet]);
}
