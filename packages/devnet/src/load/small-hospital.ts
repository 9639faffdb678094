/** Small studies at the hospital of a local net, of one synthetic image each. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { openPatient, type Patient } from '../patient.js';
import { addSmallStudy } from '../small-study.js';
import type { StoryCast } from '../story.js';
import type { Target } from './requests.js';

const DAY_MS = 86_400_000;

export interface SmallHospital {
  readonly patient: Patient;
  /** One more study of the patient; gives its id, 64 hex. */
  publish(): Promise<string>;
  /** Lets the practice read it; gives the tag under which the ledger knows the practice. */
  allow(studyId: string): Promise<string>;
  /** What the practice asks for. */
  target(studyId: string): Target;
}

/** Publishes who the hospital is, and empties its archive. */
export async function openSmallHospital({
  node,
  hospital,
  practice,
  patient: cast,
}: StoryCast): Promise<SmallHospital> {
  await rm(hospital.archive, { recursive: true });
  await mkdir(hospital.archive);
  const { txId } = await hospital.operator.defineSource({ name: 'City Hospital', ...hospital.keyProofs });
  await node.waitForFinalized(txId);
  const patient = await openPatient({ ...cast, folder: join(cast.folder, 'phone') });
  return {
    patient,
    async publish() {
      const studyInstanceUid = await addSmallStudy(hospital.archive);
      return patient.claim(await hospital.operator.invite({ studyInstanceUid, label: 'a small study' }));
    },
    async allow(studyId) {
      const wantedUntilMs = Date.now() + 30 * DAY_MS;
      const { link } = await practice.operator.request({ reason: 'Second opinion', wantedUntilMs });
      return (await patient.allow(studyId, link)).tag;
    },
    target: (documentUniqueId) => ({
      endpoint: hospital.iti43,
      wish: { repositoryUniqueId: hospital.source, documentUniqueId },
      reader: practice.recipient,
    }),
  };
}
