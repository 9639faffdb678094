import type { Texts } from '../texts/index.js';
import type { Origin } from './session.js';
import type { Study } from './shelf.js';

/** What stands on the Allow screen about one study, in one piece: she keeps it, and her hospital keeps it for her. */
export function consentText(input: {
  readonly texts: Texts;
  readonly study: Study;
  readonly origin: Origin;
  readonly reason: string;
  readonly until: string;
}): string {
  const { texts, study, origin, reason, until } = input;
  const { request } = texts;
  return [
    request.title(origin.who),
    request.proofs[origin.proof](origin.who),
    `${request.reason}: ${reason}`,
    `${request.which}: ${study.label ?? texts.study.unnamed}, ${study.hospital ?? texts.study.unnamedHospital}`,
    `${request.until} ${until}`,
    request.endNote,
    request.copies,
    request.allow,
  ].join('\n');
}
