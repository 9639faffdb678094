/** What clients of a run send: a patient's story at one source, and a flood of another. */
import { createSigner, hash } from '@radledger/primitives';
import { createTransaction, type SignedTransaction, signAcceptance, signKeyProof } from '@radledger/transactions';
import { seedOf, type SourceKeys } from './keys.js';

export interface Workload {
  /** In the order in which they can apply. */
  readonly story: readonly SignedTransaction[];
  /** Studies of one source, more than its quota and than any mempool of the run holds. */
  readonly flood: readonly SignedTransaction[];
}

const EXPIRY_HEIGHT = 500;
const STUDIES = 2;
const DAY_MS = 86_400_000;

const idOf = (name: string): Uint8Array => hash('sim/id', name);

/** @param floodStudies - how many; 0 for none */
export async function makeWorkload(
  chainId: Uint8Array,
  { healthy, flooding }: { readonly healthy: SourceKeys; readonly flooding: SourceKeys },
  floodStudies: number,
): Promise<Workload> {
  const story = [await defineSource(chainId, healthy), await defineSource(chainId, flooding)];
  for (let number = 0; number < STUDIES; number++) {
    const study = `study ${number}`;
    story.push(await defineStudy(chainId, healthy, study));
    const owner = await createSigner(seedOf(`owner ${study}`));
    const about = { source: healthy.signer.publicKey, studyId: idOf(study), tag: idOf('doctor') };
    story.push(
      await createTransaction({
        chainId,
        kind: 'allow-access',
        signer: owner,
        expiryHeight: EXPIRY_HEIGHT,
        nonce: nonceOf(`allow ${study}`),
        payload: { ...about, sequence: 1, notAfterMs: DAY_MS, scope: 0, consentReceiptHash: undefined },
      }),
      await createTransaction({
        chainId,
        kind: 'revoke-access',
        signer: owner,
        expiryHeight: 0,
        nonce: nonceOf(`revoke ${study}`),
        payload: { ...about, sequence: 2 },
      }),
    );
  }
  const flood: SignedTransaction[] = [];
  for (let number = 0; number < floodStudies; number++) {
    flood.push(await defineStudy(chainId, flooding, `flood ${number}`));
  }
  return { story, flood };
}

async function defineSource(chainId: Uint8Array, keys: SourceKeys): Promise<SignedTransaction> {
  const source = keys.signer.publicKey;
  const { nodeSigner, vrfSigner } = keys;
  return createTransaction({
    chainId,
    kind: 'define-source',
    signer: keys.signer,
    expiryHeight: EXPIRY_HEIGHT,
    nonce: nonceOf('source'),
    payload: {
      source,
      name: 'Imaging centre',
      baseUrl: 'https://centre.example',
      tlsPins: [idOf('pin')],
      nodeKey: nodeSigner.publicKey,
      nodeKeyProof: await signKeyProof({ chainId, source, role: 'node', key: nodeSigner }),
      vrfKey: vrfSigner.publicKey,
      vrfKeyProof: await signKeyProof({ chainId, source, role: 'vrf', key: vrfSigner }),
      admission: undefined,
    },
  });
}

async function defineStudy(chainId: Uint8Array, keys: SourceKeys, study: string): Promise<SignedTransaction> {
  const source = keys.signer.publicKey;
  const owner = await createSigner(seedOf(`owner ${study}`));
  return createTransaction({
    chainId,
    kind: 'define-study',
    signer: keys.signer,
    expiryHeight: EXPIRY_HEIGHT,
    nonce: nonceOf(study),
    payload: {
      source,
      studyId: idOf(study),
      owner: owner.publicKey,
      acceptance: await signAcceptance({ chainId, source, owner }),
      content: idOf(`content ${study}`),
    },
  });
}

function nonceOf(name: string): Uint8Array {
  return idOf(`nonce ${name}`).subarray(0, 8);
}
