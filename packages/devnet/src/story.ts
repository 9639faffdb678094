/** The way of one study, A to D (design section 3), and everything that must be refused on it. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { NodeClient, OperatorClient, RequestState } from '@radledger/client';
import { createSigner, generateSeed, type Signer, toHex } from '@radledger/primitives';
import { ask, askTwiceWithTheSameBytes, type Endpoint } from './document-consumer.js';
import { DevnetError } from './errors.js';
import type { NetworkFile } from './network-file.js';
import { openPatient } from './patient.js';

const DAY_MS = 86_400_000;

/** What the story needs of a running net. */
export interface StoryCast {
  readonly node: NodeClient;
  readonly hospital: {
    readonly operator: OperatorClient;
    /** 64 hex: the repositoryUniqueId. */
    readonly source: string;
    readonly iti43: Endpoint;
    /** Folder that plays the archive. */
    readonly archive: string;
    /** Output of `radledger-node prove` of the node that holds this source's keys. */
    readonly keyProofs: { nodeKey: Uint8Array; nodeProof: Uint8Array; vrfKey: Uint8Array; vrfProof: Uint8Array };
  };
  readonly practice: { readonly operator: OperatorClient; readonly recipient: Signer };
  /** `folder` holds her devices; `nodeApi` is the node she asks. */
  readonly patient: { readonly folder: string; readonly nodeApi: string };
}

/** Tells a step in plain words; `detail` holds heights, ids and answers. */
export type Teller = (text: string, detail?: string) => void;

export async function playStory(cast: StoryCast, tell: Teller): Promise<NetworkFile['studies']> {
  const { node, hospital, practice } = cast;

  tell('A  The hospital publishes who it is and where it answers.');
  const defined = await hospital.operator.defineSource({ name: 'City Hospital', ...hospital.keyProofs });
  const { height } = await node.waitForFinalized(defined.txId);
  tell('   Its entry is final.', `Define Source at height ${height}, source ${short(hospital.source)}`);

  const [study] = await hospital.operator.studies();
  if (study === undefined) return broken('the archive holds a study');
  const { studyInstanceUid } = study;
  tell('B  The hospital invites the patient to a study it holds.', `${study.instances} images`);
  const invitation = await hospital.operator.invite({ studyInstanceUid, label: 'MRI, brain' });
  const patient = await openPatient({ ...cast.patient, folder: join(cast.patient.folder, 'phone') });
  const studyId = await patient.claim(invitation);
  const published = await hospital.operator.studies();
  tell(
    '   She claims it with a fresh key; only then the hospital publishes that the study exists.',
    `Define Study at height ${published[0]?.height ?? '?'}, study ${short(studyId)}`,
  );

  const wish = { repositoryUniqueId: hospital.source, documentUniqueId: studyId };
  const endpoint = hospital.iti43;
  const refused = async (who: string, asked: Promise<{ answer: string }>, expected: string): Promise<void> => {
    const { answer: actual } = await asked;
    if (!actual.includes(expected)) broken(`${who}: expected ${expected}, got ${actual}`);
    tell(`   Refused: ${who}.`, actual);
  };
  const NOT_AVAILABLE = 'XDSDocumentUniqueIdError';
  await refused('the practice asks before she allowed it', ask(endpoint, wish, practice.recipient), NOT_AVAILABLE);

  tell('C  The practice asks her for images; she allows it for 30 days.');
  const wantedUntilMs = Date.now() + 30 * DAY_MS;
  const asked = { clinician: 'Dr Rivera', reason: 'Second opinion', wantedUntilMs };
  const first = await practice.operator.request(asked);
  const allowed = await patient.allow(studyId, first.link);
  tell(
    '   Her permission is final, and the practice has her sealed notice.',
    `Allow Access at height ${allowed.height}`,
  );

  tell('D  The practice fetches the study straight from the hospital, and checks it against the ledger.');
  const filed = await whenFiled(practice.operator, first.requestId);
  const instances = await expectSameFiles(hospital.archive, filed.folder);
  tell('   Every file is byte for byte the original.', `${instances} files`);

  const stranger = await createSigner(generateSeed());
  await refused("a stranger's key asks for it", ask(endpoint, wish, stranger), NOT_AVAILABLE);
  const [once = '', again = ''] = await askTwiceWithTheSameBytes(endpoint, wish, practice.recipient);
  if (once !== 'retrieved') broken(`the first of two equal requests is answered, got ${once}`);
  await refused('the same signed request comes a second time', Promise.resolve({ answer: again }), 'Fault');
  const elsewhere = { ...wish, repositoryUniqueId: toHex(stranger.publicKey) };
  await refused(
    'a request names another hospital',
    ask(endpoint, elsewhere, practice.recipient),
    'XDSUnknownRepositoryId',
  );

  const stopped = await patient.revoke(studyId, allowed.tag);
  tell('   She stops sharing.', `Revoke Access at height ${stopped.height}`);
  await refused('the practice asks after she stopped', ask(endpoint, wish, practice.recipient), NOT_AVAILABLE);

  tell('   She loses her phone, and restores everything from twelve words.');
  const newPhone = { ...cast.patient, folder: join(cast.patient.folder, 'new-phone'), words: await patient.words() };
  const restored = await openPatient(newPhone);
  const labels = await restored.studies();
  if (labels.length !== 1) broken('one study is restored');
  tell('   Her study is back; she allows the practice once more.', labels[0]);
  const second = await practice.operator.request({ reason: 'Follow-up', wantedUntilMs: Date.now() + 30 * DAY_MS });
  const allowedAgain = await restored.allow(studyId, second.link);
  const refiled = await whenFiled(practice.operator, second.requestId);
  await expectSameFiles(hospital.archive, refiled.folder);
  tell('   Fetched again, byte for byte.', `Allow Access at height ${allowedAgain.height}`);

  return [
    {
      ...wish,
      studyInstanceUid,
      recipient: toHex(practice.recipient.publicKey),
      instances,
      zipSha256: (await ask(endpoint, wish, practice.recipient)).sha256,
    },
  ];
}

/** Fetches what an image request got allowed; the state once it is filed. @throws {DevnetError} when it fails, or takes too long */
export async function whenFiled(
  operator: OperatorClient,
  requestId: string,
  timeoutMs = 120_000,
): Promise<RequestState & { folder: string }> {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), timeoutMs);
  try {
    for await (const state of operator.watchRequest(requestId, { signal: abort.signal })) {
      if (state.state === 'allowed') await operator.fetchRequest(requestId);
      if (state.state === 'filed' && state.folder !== null) return { ...state, folder: state.folder };
      if (state.state === 'failed' || state.state === 'ended')
        broken(`the study is filed, got ${state.code ?? state.state}`);
    }
  } finally {
    clearTimeout(timer);
    abort.abort();
  }
  return broken(`the study is filed within ${timeoutMs / 1_000} s`);
}

/** Compares two folders of DICOM files by content; names may differ. Gives the number of files. */
async function expectSameFiles(archive: string, filed: string): Promise<number> {
  const originals = await hashesOf(archive);
  const copies = await hashesOf(filed);
  if (originals.join() !== copies.join()) broken('the retrieved files equal the originals');
  return originals.length;
}

async function hashesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const hashes = await Promise.all(
    files.map(async (file) =>
      createHash('sha256')
        .update(await readFile(file))
        .digest('hex'),
    ),
  );
  return hashes.sort();
}

function short(id: string): string {
  return `${id.slice(0, 8)}…${id.slice(-4)}`;
}

function broken(step: string): never {
  throw new DevnetError({ code: 'STORY_BROKEN', step }, step);
}
