/** Judges one received Part 10 file to its last byte, and by the recipient's policy. Called in a worker. Spec: docs/spec/file-set.md, section 6. */
import { ImagingError } from './errors.js';
import { type ImportPolicy, isAllowed } from './import-policy.js';
import { type InspectedInstance, inspectHead, inspectInstance } from './instance-inspector.js';
import type { InstanceLimits } from './limits.js';
import { isTiffPreamble, withoutPreamble } from './preamble.js';

const WHOLE_SLIDE = '1.2.840.10008.5.1.4.1.1.77.1.6';

/** An instance that passed, and where its bytes lie. */
export interface JudgedInstance {
  /** Of the file as it will be filed: with the preamble that the policy leaves it. */
  readonly facts: InspectedInstance;
  /** Name of a file in the quarantine's folder, and where in it the instance begins. */
  readonly place: { readonly file: string; readonly offset: number };
  /** The preamble is not one to file: zeros stand for it. */
  readonly isPreambleDropped: boolean;
}

export interface InstanceRules {
  readonly limits: InstanceLimits;
  readonly policy: ImportPolicy;
}

/**
 * @param index - names the instance in errors
 * @throws {ImagingError} what `inspectInstance` throws | `TRANSFER_SYNTAX_REFUSED` | `SOP_CLASS_REFUSED`
 */
export async function judgeInstance(
  file: AsyncIterable<Uint8Array>,
  isPreambleDropped: boolean,
  index: number,
  { limits, policy }: InstanceRules,
): Promise<InspectedInstance> {
  const facts = await inspectInstance(isPreambleDropped ? withoutPreamble(file) : file, limits);
  if (!isAllowed(policy.transferSyntaxes, facts.transferSyntaxUid)) {
    const info = { code: 'TRANSFER_SYNTAX_REFUSED', index } as const;
    throw new ImagingError(info, 'expected a transfer syntax that the policy of this recipient names');
  }
  if (!isAllowed(policy.sopClasses, facts.sopClassUid)) {
    const info = { code: 'SOP_CLASS_REFUSED', index } as const;
    throw new ImagingError(info, 'expected a SOP class that the policy of this recipient names');
  }
  return facts;
}

/** Only the head of a slide may stay, and only where the policy says so. */
export async function keepsPreamble(
  file: AsyncIterable<Uint8Array>,
  { limits, policy }: InstanceRules,
): Promise<boolean> {
  if (policy.preambles === 'zero') return false;
  let head: Uint8Array | undefined;
  async function* noticed(): AsyncGenerator<Uint8Array, void, void> {
    for await (const chunk of file) {
      head ??= chunk.slice(0, 4);
      yield chunk;
    }
  }
  const header = await inspectHead(noticed(), limits);
  return header !== 'DICOMDIR' && header.sopClassUid === WHOLE_SLIDE && head !== undefined && isTiffPreamble(head);
}
