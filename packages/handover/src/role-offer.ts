/** An owner asks somebody to act for her, or to take her studies over: `#o=`. Gives nothing by itself. Spec: docs/spec/links.md, section 18. */
import { encodeWith, equalBytes, list, literal, optional, type Schema, struct } from '@radledger/primitives';
import { HandoverError } from './errors.js';
import { validateGatewayUrl } from './gateway-url.js';
import { readLink, writeLink } from './link.js';
import { validatePlainText } from './plain-text.js';
import { DISPLAY_NAME_BYTES_MAX, decodeMessage, displayName, format, gatewayUrl, id32, timeMs } from './wire.js';

/** Most studies of one offer: their answer still fits a QR code that a phone reads from another. */
export const ROLE_STUDIES_MAX = 5;

const BYTES_MAX = 2048;

/** `delegate`: allows, stops and reads for the owner until an end date. `owner`: the study is hers from then on. */
export type Role = 'delegate' | 'owner';

const [delegate, owner] = [literal('delegate'), literal('owner')];
export const role: Schema<Role> = {
  encode: (value) => value,
  decode: (value, path = '') => (value === 'delegate' ? delegate : owner).decode(value, path),
};

const schema = struct({
  format,
  chainId: id32,
  role,
  displayName,
  expiresAtMs: timeMs,
  studies: list(struct({ source: id32, studyId: id32, gatewayApi: optional(gatewayUrl) }), { max: ROLE_STUDIES_MAX }),
});

/** What an owner asks of somebody. Not signed: it binds nobody. */
export interface RoleOffer {
  readonly chainId: Uint8Array;
  readonly role: Role;
  /** What the owner calls herself; one plain line of at most 128 bytes, proven by nothing. */
  readonly displayName: string;
  /** When the offer itself ends. */
  readonly expiresAtMs: number;
  /** 1 to 5, each once. */
  readonly studies: readonly {
    readonly source: Uint8Array;
    readonly studyId: Uint8Array;
    /** Where the source's gateway answered last. */
    readonly gatewayApi: string | undefined;
  }[];
}

/**
 * @param pageUrl - the page that opens offers, without a fragment
 * @throws {HandoverError} `TEXT_REFUSED` | `URL_REFUSED` | `MALFORMED_MESSAGE`
 */
export function encodeRoleOfferLink(offer: RoleOffer, pageUrl: string): string {
  validate(offer);
  return writeLink(pageUrl, 'o', encodeWith(schema, { format: 1, ...offer }));
}

/**
 * Reads an offer from a link, its fragment, or the bare base64url text.
 * @throws {HandoverError} `MALFORMED_LINK` | `MALFORMED_MESSAGE` | `TEXT_REFUSED` | `URL_REFUSED` | `NOT_FOR_US` | `EXPIRED`
 */
export function readRoleOfferLink(link: string, expected: { chainId: Uint8Array; nowMs: number }): RoleOffer {
  const { format: _, ...offer } = decodeMessage(schema, readLink(link, 'o'), 'role offer', BYTES_MAX);
  validate(offer);
  requireForUs(offer, expected);
  return offer;
}

/** @throws {HandoverError} `NOT_FOR_US` | `EXPIRED` */
export function requireForUs(
  { chainId, expiresAtMs }: { readonly chainId: Uint8Array; readonly expiresAtMs: number },
  expected: { readonly chainId: Uint8Array; readonly nowMs: number },
): void {
  if (!equalBytes(chainId, expected.chainId)) {
    throw new HandoverError({ code: 'NOT_FOR_US', field: 'chainId' }, 'the link is for another ledger');
  }
  if (expiresAtMs <= expected.nowMs) {
    throw new HandoverError({ code: 'EXPIRED', expiresAtMs }, 'the link has ended; ask for a new one');
  }
}

function validate(offer: RoleOffer): void {
  validatePlainText(offer.displayName, { field: 'displayName', bytesMax: DISPLAY_NAME_BYTES_MAX });
  validateStudies(offer.studies, 'role offer');
  for (const { gatewayApi } of offer.studies) if (gatewayApi !== undefined) validateGatewayUrl(gatewayApi);
}

/** @throws {HandoverError} `MALFORMED_MESSAGE` unless there are 1 to 5 studies, each once */
export function validateStudies(studies: readonly { readonly studyId: Uint8Array }[], message: string): void {
  const names = new Set(studies.map(({ studyId }) => String(studyId)));
  if (studies.length === 0 || studies.length > ROLE_STUDIES_MAX || names.size < studies.length) {
    throw new HandoverError({ code: 'MALFORMED_MESSAGE', message }, 'expected 1 to 5 studies, each once');
  }
}
