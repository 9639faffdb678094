/** What an Orthanc holds, as Orthanc itself reads it: nothing of ours parses it. */
import type { Orthanc } from '@radledger/devnet';

export interface FiledInstance {
  /** The Part 10 file. */
  readonly file: Buffer;
  readonly patient: Patient;
  /** The patients of its Original Attributes Sequence. */
  readonly originals: readonly Patient[];
  /** Attribute Modification DateTime of the last of them. */
  readonly changedAt: string | undefined;
}

interface Patient {
  readonly name?: string;
  readonly id?: string;
  readonly issuer?: string;
  readonly birthDate?: string;
}

interface Tags {
  readonly SOPInstanceUID: string;
  readonly PatientName?: string;
  readonly PatientID?: string;
  readonly IssuerOfPatientID?: string;
  readonly PatientBirthDate?: string;
  readonly OriginalAttributesSequence?: readonly {
    readonly AttributeModificationDateTime: string;
    readonly ModifiedAttributesSequence: readonly Partial<Tags>[];
  }[];
}

/** Every instance by its SOP Instance UID. */
export async function filedIn({ url }: Orthanc): Promise<ReadonlyMap<string, FiledInstance>> {
  const found = new Map<string, FiledInstance>();
  for (const id of await json<readonly string[]>(`${url}/instances`)) {
    const tags = await json<Tags>(`${url}/instances/${id}/simplified-tags`);
    const changes = tags.OriginalAttributesSequence ?? [];
    found.set(tags.SOPInstanceUID, {
      file: await bytes(`${url}/instances/${id}/file`),
      patient: patientOf(tags),
      originals: changes.flatMap((change) => change.ModifiedAttributesSequence.map(patientOf)),
      changedAt: changes.at(-1)?.AttributeModificationDateTime,
    });
  }
  return found;
}

export async function countIn({ url }: Orthanc): Promise<number> {
  return (await json<{ readonly CountInstances: number }>(`${url}/statistics`)).CountInstances;
}

/** How many instances it has stored since its start, those that it deleted since among them. */
export async function timesStored({ url }: Orthanc): Promise<number> {
  let stored = 0;
  for (let since = 0; ; ) {
    const { Changes, Done, Last } = await json<Changes>(`${url}/changes?since=${since}&limit=1000`);
    stored += Changes.filter(({ ChangeType }) => ChangeType === 'NewInstance').length;
    if (Done) return stored;
    since = Last;
  }
}

interface Changes {
  readonly Changes: readonly { readonly ChangeType: string }[];
  readonly Done: boolean;
  readonly Last: number;
}

function patientOf(tags: Partial<Tags>): Patient {
  const { PatientName: name, PatientID: id, IssuerOfPatientID: issuer, PatientBirthDate: birthDate } = tags;
  return { ...(name && { name }), ...(id && { id }), ...(issuer && { issuer }), ...(birthDate && { birthDate }) };
}

async function json<T>(url: string): Promise<T> {
  return (await (await fetch(url)).json()) as T;
}

async function bytes(url: string): Promise<Buffer> {
  return Buffer.from(await (await fetch(url)).arrayBuffer());
}
