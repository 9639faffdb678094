/** Signed transactions of the story, with fixed keys. */
import { createSigner, type Signer, sha256, utf8 } from '@radledger/primitives';
import {
  createTransaction,
  type SignedTransaction,
  signAcceptance,
  signKeyProof,
  signMoveAcceptance,
} from '@radledger/transactions';
import { seedOf, type TestSource } from './keys.js';

export function idOf(name: string): Uint8Array {
  return sha256(utf8(`radledger test id ${name}`));
}

export function ownerOf(name: string): Promise<Signer> {
  return createSigner(seedOf(`owner ${name}`));
}

export async function defineSource(
  chainId: Uint8Array,
  source: TestSource,
  options: { readonly name?: string; readonly expiryHeight?: number; readonly nonce?: Uint8Array } = {},
): Promise<SignedTransaction> {
  const id = source.signer.publicKey;
  const vrfSigner = await createSigner(source.vrfSeed);
  return createTransaction({
    chainId,
    kind: 'define-source',
    signer: source.signer,
    expiryHeight: options.expiryHeight ?? 500,
    ...(options.nonce && { nonce: options.nonce }),
    payload: {
      source: id,
      name: options.name ?? `Imaging centre ${source.name}`,
      baseUrl: `https://${source.name}.example`,
      tlsPins: [idOf(`pin ${source.name}`)],
      nodeKey: source.nodeSigner.publicKey,
      nodeKeyProof: await signKeyProof({ chainId, source: id, role: 'node', key: source.nodeSigner }),
      vrfKey: source.vrfKey,
      vrfKeyProof: await signKeyProof({ chainId, source: id, role: 'vrf', key: vrfSigner }),
      admission: undefined,
    },
  });
}

export async function defineStudy(
  chainId: Uint8Array,
  source: TestSource,
  options: {
    readonly study: string;
    readonly owner: Signer;
    readonly expiryHeight?: number;
    readonly nonce?: Uint8Array;
  },
): Promise<SignedTransaction> {
  const id = source.signer.publicKey;
  return createTransaction({
    chainId,
    kind: 'define-study',
    signer: source.signer,
    expiryHeight: options.expiryHeight ?? 500,
    ...(options.nonce && { nonce: options.nonce }),
    payload: {
      source: id,
      studyId: idOf(options.study),
      owner: options.owner.publicKey,
      acceptance: await signAcceptance({ chainId, source: id, owner: options.owner }),
      content: idOf(`content ${options.study}`),
    },
  });
}

export interface GrantOptions {
  readonly study: string;
  readonly owner: Signer;
  readonly tag: string;
  readonly sequence?: number;
  readonly expiryHeight?: number;
  readonly notAfterMs?: number;
  readonly nonce?: Uint8Array;
}

export function allowAccess(
  chainId: Uint8Array,
  source: TestSource,
  options: GrantOptions,
): Promise<SignedTransaction> {
  return createTransaction({
    chainId,
    kind: 'allow-access',
    signer: options.owner,
    expiryHeight: options.expiryHeight ?? 500,
    ...(options.nonce && { nonce: options.nonce }),
    payload: {
      source: source.signer.publicKey,
      studyId: idOf(options.study),
      tag: idOf(options.tag),
      sequence: options.sequence ?? 1,
      notAfterMs: options.notAfterMs ?? Date.now() + 86_400_000,
      scope: 0,
      consentReceiptHash: undefined,
    },
  });
}

export function revokeAccess(
  chainId: Uint8Array,
  source: TestSource,
  options: GrantOptions,
): Promise<SignedTransaction> {
  return createTransaction({
    chainId,
    kind: 'revoke-access',
    signer: options.owner,
    expiryHeight: 0,
    payload: {
      source: source.signer.publicKey,
      studyId: idOf(options.study),
      tag: idOf(options.tag),
      sequence: options.sequence ?? 2,
    },
  });
}

/** Ends the delegation of a study. */
export function setDelegate(
  chainId: Uint8Array,
  source: TestSource,
  options: { readonly study: string; readonly owner: Signer },
): Promise<SignedTransaction> {
  return createTransaction({
    chainId,
    kind: 'set-delegate',
    signer: options.owner,
    expiryHeight: 500,
    payload: {
      source: source.signer.publicKey,
      studyId: idOf(options.study),
      delegate: undefined,
      notAfterMs: 0,
    },
  });
}

export async function moveOwner(
  chainId: Uint8Array,
  source: TestSource,
  options: { readonly study: string; readonly owner: Signer; readonly newOwner: Signer },
): Promise<SignedTransaction> {
  const id = source.signer.publicKey;
  const studyId = idOf(options.study);
  return createTransaction({
    chainId,
    kind: 'move-owner',
    signer: options.owner,
    expiryHeight: 500,
    payload: {
      source: id,
      studyId,
      newOwner: options.newOwner.publicKey,
      acceptance: await signMoveAcceptance({ chainId, source: id, studyId, newOwner: options.newOwner }),
    },
  });
}
