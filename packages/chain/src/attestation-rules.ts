/** What the word of an authority does: admits sources, and bounds what counts. Spec: docs/spec/transactions.md, section 9. */
import type { PayloadOf, SourceAttestation } from '@radledger/transactions';
import { attestationPeriodOf, isAttestationPeriodLive } from './attestation-periods.js';
import { CELL_CODECS } from './cell-codecs.js';
import { ATTESTED_MAXIMA_MAX, type AttestedCell } from './cells.js';
import type { Parameters } from './parameters.js';
import { spendAttest } from './quotas.js';
import { isRefusal, type Refusal, refuse } from './refusal.js';
import type { TouchedCells } from './touched-cells.js';
import type { CellRef, WorkingCells } from './working-cells.js';

/** What these rules work on: the cells of one transaction in a block of this height. */
export interface AttestationInput {
  readonly touched: TouchedCells;
  readonly cells: WorkingCells;
  readonly height: number;
  readonly parameters: Parameters;
}

const EXPIRED = 'expected an attestation up to a height not below the block';

/** Attest: writes the cells of authority and source, or refuses and leaves them. */
export function attest(input: AttestationInput, payload: PayloadOf<'attest'>): Refusal | undefined {
  const { touched, cells, height } = input;
  const { admitUntilHeight, studies } = payload;
  const spent = spendOfAuthority(input);
  if (isRefusal(spent)) return spent;
  let attested = attestedOf(input);
  if (admitUntilHeight !== undefined) {
    if (cells.get(touched.source, CELL_CODECS.source) !== undefined) {
      return refuse('SOURCE_EXISTS', 'expected a source that is not admitted yet');
    }
    if (admitUntilHeight < height) return refuse('ATTESTATION_EXPIRED', EXPIRED);
    if (admitUntilHeight <= attested.admitUntilHeight) {
      return refuse('ATTESTED_ALREADY', 'expected an admission that lasts longer than the one there is');
    }
    attested = { ...attested, admitUntilHeight };
  }
  if (studies !== undefined) {
    const isSource = cells.get(touched.source, CELL_CODECS.source) !== undefined;
    if (!isSource && attested.admitUntilHeight < height) {
      return refuse('SOURCE_UNKNOWN', 'expected studies of a source that is there, or admitted');
    }
    const withMaximum = judgeStudies(input, attested, { ...studies, authority: spent.index });
    if (isRefusal(withMaximum)) return withMaximum;
    attested = withMaximum;
  }
  cells.set(touched.authority as CellRef, CELL_CODECS.authority, spent);
  cells.set(touched.attested as CellRef, CELL_CODECS.attested, attested);
  return undefined;
}

/** Define Source under the policy `attested`: by an attestation in it, which spends of its authority, or by an Attest before. */
export function admitAttested(input: AttestationInput, admission: SourceAttestation | undefined): Refusal | undefined {
  const { touched, cells, height } = input;
  if (admission === undefined) {
    if (attestedOf(input).admitUntilHeight >= height) return undefined;
    return refuse('ADMISSION_UNATTESTED', 'expected an attestation of an authority, in the record or before it');
  }
  if (admission.untilHeight < height) return refuse('ATTESTATION_EXPIRED', EXPIRED);
  const spent = spendOfAuthority(input);
  if (isRefusal(spent)) return spent;
  cells.set(touched.authority as CellRef, CELL_CODECS.authority, spent);
  return undefined;
}

/** The cell with one maximum more, or another; without those of periods that have left the window. */
function judgeStudies(
  { height, parameters }: AttestationInput,
  attested: AttestedCell,
  maximum: AttestedCell['maxima'][number],
): AttestedCell | Refusal {
  const { period, authority, countMax } = maximum;
  if (period > attestationPeriodOf(height, parameters)) {
    return refuse('PERIOD_AHEAD', 'expected a period that has begun');
  }
  if (!isAttestationPeriodLive(period, height, parameters)) {
    return refuse('PERIOD_PAST', 'expected a period within the stake window');
  }
  const isSame = (each: AttestedCell['maxima'][number]): boolean =>
    each.period === period && each.authority === authority;
  if (attested.maxima.find(isSame)?.countMax === countMax) {
    return refuse('MAXIMUM_STANDS', 'expected a maximum other than the one there is');
  }
  const others = attested.maxima.filter(
    (each) => !isSame(each) && isAttestationPeriodLive(each.period, height, parameters),
  );
  if (others.length >= ATTESTED_MAXIMA_MAX) {
    return refuse('ATTEST_QUOTA', `expected a source with fewer than ${ATTESTED_MAXIMA_MAX} maxima`);
  }
  const maxima = [...others, maximum].sort((a, b) => a.period - b.period || a.authority - b.authority);
  return { ...attested, maxima };
}

function spendOfAuthority({ touched, cells, height, parameters }: AttestationInput) {
  const authority = cells.get(touched.authority as CellRef, CELL_CODECS.authority);
  if (authority === undefined) return refuse('AUTHORITY_UNKNOWN', 'expected a key that genesis lists as an authority');
  const quota = spendAttest(authority.quota, height, parameters);
  if (quota === undefined) return refuse('ATTEST_QUOTA', 'expected an authority within its quota');
  return { ...authority, quota };
}

function attestedOf({ touched, cells }: AttestationInput): AttestedCell {
  return cells.get(touched.attested as CellRef, CELL_CODECS.attested) ?? { admitUntilHeight: 0, maxima: [] };
}
