import {
  cellKey,
  DEFAULT_PARAMETERS,
  encodeAttestedCell,
  encodeAuthorityCell,
  encodeCountedCell,
  encodeEpochCell,
  encodeGrantCell,
  encodeKeyCell,
  encodeMisconductCell,
  encodeOwnerCell,
  encodeParamsCell,
  encodeSeedCell,
  encodeSourceCell,
  encodeStakeCell,
  encodeStudyCell,
  hashedKeyOf,
  type SourceCell,
  type StudyCell,
} from '@radledger/chain';
import { toHex } from '@radledger/primitives';
import { asJson, fill, type VectorCase, type VectorFile } from './vector-file.js';

const sourceCell: SourceCell = {
  endpoint: {
    name: 'Klinik am Zürichsee',
    baseUrl: 'https://images.example:8443/gw',
    tlsPins: [fill(0x11), fill(0x12), fill(0x13)],
  },
  signingKey: fill(1),
  nodeKey: fill(2),
  vrfKey: fill(3),
  endowment: 0,
  admittedHeight: 77,
  studies: 70_000,
  studyQuota: { units: 2_764_800_000, height: 77 },
  allowQuota: { units: 27_648_000_000, height: 70_000 },
  rate: { period: 3, count: 128, meanMilli: 4_500 },
};
const studyCell: StudyCell = {
  owner: fill(4),
  era: 0,
  content: fill(5),
  definedHeight: 100,
  contentHeight: 100,
  retired: undefined,
  delegate: undefined,
  quota: { units: 1_920, height: 100 },
};
const member = { source: fill(1), nodeKey: fill(2), vrfKey: fill(3) };

export function cellVectors(): VectorFile[] {
  return [
    { name: 'cells', spec: 'state.md', cases: cells() },
    { name: 'cell-names', spec: 'state.md', cases: names() },
  ];
}

function cells(): VectorCase[] {
  return [
    vector('source', 'source', encodeSourceCell, sourceCell),
    vector('source of genesis without endpoint', 'source', encodeSourceCell, {
      ...sourceCell,
      endpoint: undefined,
      endowment: 10_000,
      admittedHeight: 0,
      studies: 0,
    }),
    vector('study', 'study', encodeStudyCell, studyCell),
    vector('study, delegated', 'study', encodeStudyCell, {
      ...studyCell,
      era: 2,
      contentHeight: 300,
      delegate: { key: fill(6), notAfterMs: 1_710_000_000_000 },
    }),
    vector('study, retired', 'study', encodeStudyCell, {
      ...studyCell,
      retired: { reason: 'no-longer-held', height: 65_536 },
    }),
    vector('grant', 'grant', encodeGrantCell, {
      era: 1,
      sequence: 1_700_000_000_000,
      revoked: false,
      notAfterMs: 1_710_000_000_000,
      scope: 0,
      consentReceiptHash: fill(7),
      height: 101,
    }),
    vector('tombstone', 'grant', encodeGrantCell, {
      era: 0,
      sequence: 5,
      revoked: true,
      notAfterMs: 0,
      scope: 0,
      consentReceiptHash: undefined,
      height: 101,
    }),
    ...(['owner', 'delegate'] as const).map((role) =>
      vector(`owner key, ${role}`, 'owner', encodeOwnerCell, { source: fill(1), studyId: fill(8), role }),
    ),
    ...(['signing', 'node', 'vrf'] as const).map((role) =>
      vector(`key, ${role}`, 'key', encodeKeyCell, { source: fill(1), role, tombstoned: role === 'node' }),
    ),
    vector('stake', 'stake', encodeStakeCell, { count: 256 }),
    vector('counted, nothing before', 'counted', encodeCountedCell, { counted: 0n, samples: [] }),
    vector('counted', 'counted', encodeCountedCell, {
      counted: 70_000_000n,
      samples: [
        { period: 2, counted: 1_500n },
        { period: 300, counted: 2n ** 40n },
      ],
    }),
    vector('authority', 'authority', encodeAuthorityCell, { index: 255, quota: { units: 43_200_000_000, height: 9 } }),
    vector('attested, for admission', 'attested', encodeAttestedCell, { admitUntilHeight: 70_000, maxima: [] }),
    vector('attested', 'attested', encodeAttestedCell, {
      admitUntilHeight: 0,
      maxima: [
        { period: 3, authority: 0, countMax: 1_000_000_000 },
        { period: 3, authority: 200, countMax: 0 },
      ],
    }),
    vector('misconduct', 'misconduct', encodeMisconductCell, {
      nodeKey: fill(2),
      reports: [
        { kind: 5, verdict: 'INVALID', view: 300, height: 360_100 },
        { kind: 2, verdict: 'EQUIVOCATED', view: 70_000, height: 360_101 },
      ],
    }),
    vector('seed', 'seed', encodeSeedCell, { seed: fill(9) }),
    vector('params', 'params', encodeParamsCell, {
      policies: { admission: 'attested', stake: 'guarded' },
      parameters: DEFAULT_PARAMETERS,
    }),
    vector('epoch, its seed not known yet', 'epoch', encodeEpochCell, {
      epoch: 1,
      firstHeight: 721,
      members: [{ ...member, weight: 1n }],
      seed: undefined,
    }),
    vector('epoch', 'epoch', encodeEpochCell, {
      epoch: 500,
      firstHeight: 360_001,
      members: [
        { ...member, weight: 10_000_000n },
        { ...member, source: fill(10), weight: 2n ** 53n - 1n },
      ],
      seed: fill(11),
    }),
  ];
}

function vector<T>(name: string, cell: string, encode: (value: T) => Uint8Array, value: T): VectorCase {
  return { name, input: asJson({ cell, value }), output: toHex(encode(value)) };
}

function names(): VectorCase[] {
  const [source, studyId, tag] = [fill(1), fill(2), fill(3)];
  const named: readonly (readonly [cell: string, ids: readonly (Uint8Array | number)[], name: Uint8Array])[] = [
    ['source', [source], cellKey.source(source)],
    ['study', [source, studyId], cellKey.study(source, studyId)],
    ['grant', [source, studyId, tag], cellKey.grant(source, studyId, tag)],
    ['owner', [tag], cellKey.owner(tag)],
    ['key', [source], cellKey.key(source)],
    ['stake', [source, 0], cellKey.stake(source, 0)],
    ['stake', [source, 2 ** 40 + 3], cellKey.stake(source, 2 ** 40 + 3)],
    ['authority', [tag], cellKey.authority(tag)],
    ['attested', [source], cellKey.attested(source)],
    ['counted', [source], cellKey.counted(source)],
    ['misconduct', [source, 500], cellKey.misconduct(source, 500)],
    ['epoch', [258], cellKey.epoch(258)],
    ['seed', [], cellKey.seed],
    ['params', [], cellKey.params],
  ];
  return named.map(([cell, ids, name], index) => ({
    name: `${cell} ${index}`,
    input: asJson({ cell, ids }),
    output: asJson({ name, hashedKey: hashedKeyOf(name) }),
  }));
}
