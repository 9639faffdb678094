/** One valid transaction of each kind, with keys that are the same in every run. */
import { createSigner, type Signer, sha256, utf8 } from '@radledger/primitives';
import {
  type PayloadOf,
  signAcceptance,
  signDelegateAcceptance,
  signKeyProof,
  signMoveAcceptance,
  type TransactionKind,
} from '../src/index.js';

export const chainId = sha256(utf8('chain'));

export function signerOf(label: string): Promise<Signer> {
  return createSigner(sha256(utf8(label)));
}

export function idOf(label: string): Uint8Array {
  return sha256(utf8(`id ${label}`));
}

export type Samples = { readonly [K in TransactionKind]: { readonly signer: Signer; readonly payload: PayloadOf<K> } };

export async function createSamples(): Promise<Samples> {
  const [signing, node, vrf, owner, other] = (await Promise.all(
    ['signing', 'node', 'vrf', 'owner', 'other'].map(signerOf),
  )) as [Signer, Signer, Signer, Signer, Signer];
  const source = signing.publicKey;
  const study = { source, studyId: idOf('study') };
  const grant = { ...study, tag: idOf('tag'), sequence: 1_700_000_000_000 };
  const endpoint = { name: 'Städtisches Klinikum', baseUrl: 'https://pacs.example:8443/xds', tlsPins: [idOf('pin')] };
  return {
    'define-source': {
      signer: signing,
      payload: {
        source,
        ...endpoint,
        nodeKey: node.publicKey,
        nodeKeyProof: await signKeyProof({ chainId, source, role: 'node', key: node }),
        vrfKey: vrf.publicKey,
        vrfKeyProof: await signKeyProof({ chainId, source, role: 'vrf', key: vrf }),
        admission: { kind: 'work', height: 3, blockId: idOf('block'), counter: 70_000 },
      },
    },
    'move-source': { signer: signing, payload: { source, ...endpoint } },
    'rotate-key': {
      signer: signing,
      payload: {
        source,
        role: 'signing',
        newKey: other.publicKey,
        proof: await signKeyProof({ chainId, source, role: 'signing', key: other }),
      },
    },
    'define-study': {
      signer: signing,
      payload: {
        ...study,
        owner: owner.publicKey,
        acceptance: await signAcceptance({ chainId, source, owner }),
        content: idOf('content'),
      },
    },
    'amend-study': { signer: signing, payload: { ...study, content: idOf('content 2') } },
    'retire-study': { signer: signing, payload: { ...study, reason: 'wrong-patient' } },
    'allow-access': {
      signer: owner,
      payload: { ...grant, notAfterMs: 1_800_000_000_000, scope: 0, consentReceiptHash: idOf('receipt') },
    },
    'revoke-access': { signer: owner, payload: grant },
    attest: {
      signer: other,
      payload: { source, admitUntilHeight: 70_000, studies: { period: 3, countMax: 40_000 } },
    },
    resume: { signer: signing, payload: { source } },
    'set-delegate': {
      signer: owner,
      payload: {
        ...study,
        delegate: {
          key: other.publicKey,
          acceptance: await signDelegateAcceptance({ chainId, ...study, delegate: other }),
        },
        notAfterMs: 1_800_000_000_000,
      },
    },
    'report-misconduct': {
      signer: other,
      payload: { source, nodeKey: node.publicKey, epoch: 7, evidence: utf8('what a module can judge') },
    },
    'move-owner': {
      signer: owner,
      payload: {
        ...study,
        newOwner: other.publicKey,
        acceptance: await signMoveAcceptance({ chainId, ...study, newOwner: other }),
      },
    },
  };
}
