/** The signed end of a day: who keeps one notices when the trail before it changes. Spec: docs/spec/audit.md, section 3. */
import { encodeCanonical, fromHex, isStrictPublicKey, type Signer, toHex, verifyFast } from '@radledger/primitives';

const TAG = 'radledger/audit-head/2';
const DAY = /^\d{4}-\d{2}-\d{2}$/;
const HEX_32 = /^[0-9a-f]{64}$/;
const HEX_64 = /^[0-9a-f]{128}$/;

export interface AuditHead {
  /** UTC, `YYYY-MM-DD`. */
  readonly day: string;
  /** `hashOfLine` of the day's last line, 64 lower-case hex. Tells nobody how many lines the day has. */
  readonly hash: string;
  /** The gateway's key, 64 lower-case hex. */
  readonly key: string;
  /** Of [tag, day, hash], 128 lower-case hex. */
  readonly signature: string;
}

/** Signs the end of a day. */
export async function signHead(end: Pick<AuditHead, 'day' | 'hash'>, signer: Signer): Promise<AuditHead> {
  const { day, hash } = end;
  return { day, hash, key: toHex(signer.publicKey), signature: toHex(await signer.sign(messageOf(end))) };
}

/** Whether its own key signed it; that the key is the gateway's is for the caller to know. */
export async function isHeadSigned(head: AuditHead): Promise<boolean> {
  const key = fromHex(head.key);
  return isStrictPublicKey(key) && (await verifyFast(key, messageOf(head), fromHex(head.signature)));
}

/** Reads what `signHead` made, from parsed JSON. @returns undefined for anything else */
export function headFromJson(value: unknown): AuditHead | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { day, hash, key, signature } = value as Readonly<Record<string, unknown>>;
  const isHead = isText(day, DAY) && isText(hash, HEX_32) && isText(key, HEX_32) && isText(signature, HEX_64);
  return isHead ? { day, hash, key, signature } : undefined;
}

function messageOf({ day, hash }: Pick<AuditHead, 'day' | 'hash'>): Uint8Array {
  return encodeCanonical([TAG, day, fromHex(hash)]);
}

function isText(value: unknown, form: RegExp): value is string {
  return typeof value === 'string' && form.test(value);
}
