import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, deflateRawSync } from 'node:zlib';
import {
  DEFAULT_IMPORT_LIMITS,
  DEFAULT_IMPORT_POLICY,
  inspectInstance,
  judgeFileSet,
  planFileSet,
  serveFileSet,
  type StudySnapshot,
} from '@radledger/imaging';
import { concatBytes, utf8 } from '@radledger/primitives';
import { image, inPieces } from '../corpora.js';
import type { Target } from '../fuzz.js';
import { sample } from './dicom-import.js';

const limits = {
  ...DEFAULT_IMPORT_LIMITS,
  contentBytesMax: 4 * 1024 * 1024,
  inflatedBytesMax: 1024 * 1024,
  headerBytesMax: 64 * 1024,
};

const ZIP = 'study.zip';
/** What is inflated is synced: on a disk that takes longer than everything else. */
const MEMORY = '/dev/shm';
/** One for all executions: making and erasing one takes longer than judging. */
let folder: string | undefined;

/** A received ZIP, judged as in the importer's worker. */
export const zipImport: Target = {
  name: 'zip-import',
  words: [
    'PK\x01\x02',
    'PK\x03\x04',
    'PK\x05\x06',
    'PK\x06\x06',
    'PK\x06\x07',
    'DICOMDIR',
    '../',
    '/',
    '\\',
    '\x08\x00',
    'DICM',
  ],
  async corpus() {
    const deflatedImage = await image('deflated.dcm');
    return [
      await served([sample(1), sample(2)]),
      await served([deflatedImage]),
      deflatedZip('IMAGES/IM000001', sample(1)),
      deflatedZip('a.dcm', deflatedImage),
    ];
  },
  async read(input) {
    folder ??= await mkdtemp(join(existsSync(MEMORY) ? MEMORY : tmpdir(), 'radledger-fuzz-'));
    await writeFile(join(folder, ZIP), input);
    try {
      return await judgeFileSet({ folder, zipBytes: input.length, limits, policy: DEFAULT_IMPORT_POLICY });
    } finally {
      for (const name of await readdir(folder)) if (name !== ZIP) await rm(join(folder, name));
    }
  },
  async close() {
    if (folder !== undefined) await rm(folder, { recursive: true });
    folder = undefined;
  },
};

async function served(files: readonly Uint8Array[]): Promise<Uint8Array> {
  const facts = await Promise.all(files.map((file) => inspectInstance(inPieces(file, file.length))));
  const snapshot: StudySnapshot = {
    studyInstanceUid: facts[0]?.studyInstanceUid ?? '',
    instances: files.map((file, i) => ({
      sopInstanceUid: facts[i]?.sopInstanceUid ?? '',
      open: () => inPieces(file, file.length),
    })),
    close: () => Promise.resolve(),
  };
  const chunks: Uint8Array[] = [];
  for await (const chunk of serveFileSet(await planFileSet(snapshot), snapshot)) chunks.push(chunk);
  return concatBytes(...chunks);
}

/** One deflated entry, as other writers make them. */
function deflatedZip(name: string, content: Uint8Array): Uint8Array {
  const data = deflateRawSync(content);
  const shared = Buffer.alloc(26);
  shared.writeUInt16LE(20, 0);
  shared.writeUInt16LE(8, 4);
  shared.writeUInt16LE(0x21, 8);
  shared.writeUInt32LE(crc32(content), 10);
  shared.writeUInt32LE(data.length, 14);
  shared.writeUInt32LE(content.length, 18);
  shared.writeUInt16LE(name.length, 22);
  const local = concatBytes(utf8('PK\x03\x04'), shared, utf8(name), data);
  const central = concatBytes(utf8('PK\x01\x02'), Uint8Array.of(20, 0), shared, new Uint8Array(14), utf8(name));
  const end = Buffer.alloc(18);
  end.writeUInt16LE(1, 4);
  end.writeUInt16LE(1, 6);
  end.writeUInt32LE(central.length, 8);
  end.writeUInt32LE(local.length, 12);
  return concatBytes(local, central, utf8('PK\x05\x06'), end);
}
