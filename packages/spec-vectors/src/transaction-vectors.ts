import { createSigner, type Signer } from '@radledger/primitives';
import {
  attestSource,
  createTransaction,
  type PayloadOf,
  signAcceptance,
  signDelegateAcceptance,
  signKeyProof,
  signMoveAcceptance,
  type TransactionKind,
} from '@radledger/transactions';
import { asJson, fill, type VectorCase, type VectorFile } from './vector-file.js';

const chainId = fill(0xc1);
const studyId = fill(0x51);
const tag = fill(0x7a);

/** One signed transaction of each kind, and the optional parts absent and present. */
export async function transactionVectors(): Promise<VectorFile> {
  const seeds = { source: fill(1), node: fill(2), vrf: fill(3), owner: fill(4), delegate: fill(5), next: fill(6) };
  const [sourceSigner, node, vrf, owner, delegate, next] = (await Promise.all(
    Object.values(seeds).map(createSigner),
  )) as [Signer, Signer, Signer, Signer, Signer, Signer];
  const source = sourceSigner.publicKey;

  async function vector<K extends TransactionKind>(
    name: string,
    kind: K,
    seed: Uint8Array,
    payload: PayloadOf<K>,
    expiryHeight = 500,
  ): Promise<VectorCase> {
    const nonce = fill(8, 8);
    const signer = await createSigner(seed);
    const signed = await createTransaction({ chainId, kind, signer, expiryHeight, nonce, payload });
    return {
      name,
      input: asJson({ chainId, kind, seed, expiryHeight, nonce, payload }),
      output: asJson({ bytes: signed.bytes, txId: signed.txId, signature: signed.signature }),
    };
  }

  const directory = {
    name: 'Klinik am Zürichsee',
    baseUrl: 'https://images.example:8443/gw',
    tlsPins: [fill(0x11), fill(0x12)],
  };
  const defineSource = {
    source,
    ...directory,
    nodeKey: node.publicKey,
    nodeKeyProof: await signKeyProof({ chainId, source, role: 'node', key: node }),
    vrfKey: vrf.publicKey,
    vrfKeyProof: await signKeyProof({ chainId, source, role: 'vrf', key: vrf }),
  };
  const allow = { source, studyId, tag, sequence: 1_700_000_000_000, notAfterMs: 1_710_000_000_000, scope: 0 };
  return {
    name: 'transactions',
    spec: 'transactions.md',
    cases: [
      await vector('define-source, genesis source', 'define-source', seeds.source, {
        ...defineSource,
        admission: undefined,
      }),
      await vector('define-source, work stamp', 'define-source', seeds.source, {
        ...defineSource,
        admission: { kind: 'work', height: 400, blockId: fill(0x13), counter: 123_456 },
      }),
      await vector('define-source, attested', 'define-source', seeds.source, {
        ...defineSource,
        admission: await attestSource({ chainId, source, untilHeight: 70_000, authority: next }),
      }),
      await vector('attest, admission', 'attest', seeds.owner, {
        source,
        admitUntilHeight: 70_000,
        studies: undefined,
      }),
      await vector('attest, studies', 'attest', seeds.owner, {
        source,
        admitUntilHeight: undefined,
        studies: { period: 12, countMax: 40_000 },
      }),
      await vector('move-source', 'move-source', seeds.source, { source, ...directory }),
      await vector('rotate-key', 'rotate-key', seeds.source, {
        source,
        role: 'node',
        newKey: next.publicKey,
        proof: await signKeyProof({ chainId, source, role: 'node', key: next }),
      }),
      await vector('define-study', 'define-study', seeds.source, {
        source,
        studyId,
        owner: owner.publicKey,
        acceptance: await signAcceptance({ chainId, source, owner }),
        content: fill(0x14),
      }),
      await vector('amend-study', 'amend-study', seeds.source, { source, studyId, content: fill(0x15) }),
      await vector('retire-study', 'retire-study', seeds.source, { source, studyId, reason: 'no-longer-held' }),
      await vector('allow-access', 'allow-access', seeds.owner, { ...allow, consentReceiptHash: undefined }),
      await vector('allow-access with a receipt', 'allow-access', seeds.owner, {
        ...allow,
        consentReceiptHash: fill(0x16),
      }),
      await vector('revoke-access', 'revoke-access', seeds.owner, { source, studyId, tag, sequence: 2 }, 0),
      await vector('set-delegate', 'set-delegate', seeds.owner, {
        source,
        studyId,
        delegate: {
          key: delegate.publicKey,
          acceptance: await signDelegateAcceptance({ chainId, source, studyId, delegate }),
        },
        notAfterMs: 1_710_000_000_000,
      }),
      await vector('set-delegate, none', 'set-delegate', seeds.owner, {
        source,
        studyId,
        delegate: undefined,
        notAfterMs: 0,
      }),
      await vector('report-misconduct', 'report-misconduct', seeds.next, {
        source,
        nodeKey: node.publicKey,
        epoch: 12,
        evidence: fill(0x17, 300),
      }),
      await vector('move-owner', 'move-owner', seeds.owner, {
        source,
        studyId,
        newOwner: next.publicKey,
        acceptance: await signMoveAcceptance({ chainId, source, studyId, newOwner: next }),
      }),
    ],
  };
}
