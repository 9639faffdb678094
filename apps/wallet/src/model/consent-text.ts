import type { Texts } from '../texts/index.js';
import type { Origin } from './session.js';
import type { Study } from './shelf.js';

/**
 * What was proven of who asks, and what was not: an address says nothing about the name that its holder gives itself.
 * @param known - whose name it could be taken for
 */
export function proofLines(
  { request }: Texts,
  { who, displayName, proof }: Origin,
  known: string | undefined,
): readonly string[] {
  const isNamed = proof === 'address' && displayName !== '';
  return [
    request.proofs[proof](who),
    ...(isNamed ? [request.unchecked(displayName)] : []),
    ...(known === undefined ? [] : [request.alike(known)]),
  ];
}

/** What stands on the Allow screen about one study, in one piece: she keeps it, and her hospital keeps it for her. */
export function consentText(input: {
  readonly texts: Texts;
  readonly study: Study;
  readonly origin: Origin;
  readonly known: string | undefined;
  readonly reason: string;
  readonly until: string;
}): string {
  const { texts, study, origin, known, reason, until } = input;
  const { request, roles } = texts;
  const owner = study.actsFor && ` (${roles.imagesOf(study.actsFor.name ?? roles.unnamed)})`;
  return [
    request.title(origin.displayName || origin.who),
    ...proofLines(texts, origin, known),
    `${request.reason}: ${reason}`,
    `${request.which}: ${study.label ?? texts.study.unnamed}${owner ?? ''}, ${study.hospital ?? texts.study.unnamedHospital}`,
    `${request.until} ${until}`,
    request.endNote,
    request.copies,
    request.allow,
  ].join('\n');
}
