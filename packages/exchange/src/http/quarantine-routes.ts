/** The operator API of what waits in quarantine for a person. Spec: docs/spec/gateway-api.md, section 2. */
import { ImagingError, type LocalPatient } from '@radledger/imaging';
import { toHex } from '@radledger/primitives';
import type { Express } from 'express';
import type { QuarantineDesk, WaitingStudy } from '../recipient/quarantine-desk.js';
import { malformed, membersOf, textOf } from './json-body.js';

export function addQuarantineRoutes(app: Express, desk: QuarantineDesk): void {
  app.get('/v1/quarantine', async (_request, response) => {
    response.json({ studies: (await desk.list()).map(waitingJson) });
  });
  app.get('/v1/quarantine/:id', async (request, response) => {
    try {
      response.json(await desk.inspect(String(request.params.id)));
    } catch (error) {
      if (!(error instanceof ImagingError)) throw error;
      // What keeps it from being read is what its operator wants to know.
      const message = error.message.slice(error.code.length + 2);
      response.status(422).json({ error: { code: error.code, message } });
    }
  });
  app.post('/v1/quarantine/:id/file', async (request, response) => {
    const { patient } = membersOf(request.body, ['patient']);
    await desk.file(String(request.params.id), patient === 'as-sent' ? undefined : patientOf(patient));
    response.status(202).json({});
  });
  app.post('/v1/quarantine/:id/discard', async (request, response) => {
    membersOf(request.body, []);
    await desk.discard(String(request.params.id));
    response.json({});
  });
}

/** A patient of the practice; what it holds is checked where it is used. */
export function patientOf(value: unknown): LocalPatient {
  if (typeof value !== 'object' || value === null)
    throw malformed('a patient: { id, name, issuer?, birthDate?, sex? }');
  const { name, id, issuer, birthDate, sex } = membersOf(value, ['name', 'id'], ['issuer', 'birthDate', 'sex']);
  if (sex !== undefined && sex !== 'M' && sex !== 'F' && sex !== 'O') throw malformed('a sex M, F or O');
  return {
    name: textOf(name, 64),
    id: textOf(id, 64),
    issuer: issuer === undefined ? undefined : textOf(issuer, 64),
    birthDate: birthDate === undefined ? undefined : textOf(birthDate, 8),
    sex,
  };
}

function waitingJson({ source, studyId, patients, requested, code, ...study }: WaitingStudy) {
  return {
    ...study,
    source: toHex(source),
    studyId: toHex(studyId),
    code: code ?? null,
    patients: patients.map(({ differences, ...patient }) => ({ ...patient, differences: differences ?? null })),
    requested: requested ?? null,
  };
}
