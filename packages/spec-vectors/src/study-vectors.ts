import { createSigner, toHex, utf8 } from '@radledger/primitives';
import {
  attestSource,
  contentOf,
  createManifest,
  encodeManifest,
  openingOf,
  recipientTag,
  signAcceptance,
  signDelegateAcceptance,
  signKeyProof,
  signMoveAcceptance,
  studyIdOf,
  studySalts,
  workStampDigest,
} from '@radledger/transactions';
import { asJson, fill, type VectorFile } from './vector-file.js';

const chainId = fill(0xc1);
const studySecret = utf8('a study secret of 32 bytes......');

/** From a study secret to what stands on the ledger. */
export async function studyVectors(): Promise<VectorFile[]> {
  const source = (await createSigner(fill(1))).publicKey;
  const recipientKey = (await createSigner(fill(2))).publicKey;
  const studyInstanceUid = '1.2.826.0.1.3680043.8.498.1';
  const salts = studySalts(studySecret);
  const opening = openingOf(salts.grantSalt, recipientKey);
  const entries = [
    { sopInstanceUid: '1.2.3.10', transferSyntaxUid: '1.2.840.10008.1.2.1', sha256: fill(3) },
    { sopInstanceUid: '1.2.3.9', transferSyntaxUid: '1.2.840.10008.1.2', sha256: fill(4) },
    { sopInstanceUid: '1.2.3', transferSyntaxUid: '1.2.840.10008.1.2.4.70', sha256: fill(5) },
  ];
  const manifest = createManifest(entries);
  const studyId = studyIdOf({ source, studySalt: salts.studySalt, studyInstanceUid });
  const work = { chainId, source, height: 7, blockId: fill(6), counter: 70_000 };
  return [
    {
      name: 'studies',
      spec: 'transactions.md',
      cases: [
        {
          name: 'a study and one recipient',
          input: asJson({ source, studySecret, studyInstanceUid, recipientKey, manifest: entries }),
          output: asJson({
            ...salts,
            studyId,
            opening,
            tag: recipientTag(opening, recipientKey),
            manifestBytes: encodeManifest(manifest),
            content: contentOf({ contentSalt: salts.contentSalt, manifest }),
          }),
        },
      ],
    },
    {
      name: 'acceptances',
      spec: 'transactions.md',
      cases: [
        {
          name: 'owner',
          input: asJson({ chainId, source, seed: fill(9) }),
          output: toHex(await signAcceptance({ chainId, source, owner: await createSigner(fill(9)) })),
        },
        {
          name: 'delegate',
          input: asJson({ chainId, source, studyId, seed: fill(10) }),
          output: toHex(
            await signDelegateAcceptance({ chainId, source, studyId, delegate: await createSigner(fill(10)) }),
          ),
        },
        {
          name: 'move',
          input: asJson({ chainId, source, studyId, seed: fill(11) }),
          output: toHex(await signMoveAcceptance({ chainId, source, studyId, newOwner: await createSigner(fill(11)) })),
        },
        ...(await Promise.all(
          (['signing', 'node', 'vrf'] as const).map(async (role) => ({
            name: role,
            input: asJson({ chainId, source, seed: fill(12) }),
            output: toHex(await signKeyProof({ chainId, source, role, key: await createSigner(fill(12)) })),
          })),
        )),
        {
          name: 'attest-source',
          input: asJson({ chainId, source, untilHeight: 70_000, seed: fill(13) }),
          output: toHex(
            (await attestSource({ chainId, source, untilHeight: 70_000, authority: await createSigner(fill(13)) }))
              .signature,
          ),
        },
        { name: 'work', input: asJson(work), output: toHex(workStampDigest(work)) },
      ],
    },
  ];
}
