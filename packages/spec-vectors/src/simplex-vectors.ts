import { type Block, blockIdOf, DEFAULT_PARAMETERS, encodeHeader, type Header } from '@radledger/chain';
import {
  type Certificate,
  decodeJustification,
  encodeMessage,
  encodeSeal,
  justificationRootOf,
  type Message,
  signedBytes,
  type SignedVote,
  simplex,
  type Vote,
} from '@radledger/consensus-simplex';
import { type CanonicalValue, encodeCanonical, toHex, verifyAll } from '@radledger/primitives';
import { headerOf } from './block-vectors.js';
import {
  certificateOf,
  certificateValue,
  chainId,
  justificationBytes,
  parameters,
  simplexEpoch,
  type SimplexEpoch,
} from './simplex-epoch.js';
import { asJson, fill, type VectorCase, type VectorFile } from './vector-file.js';

const blockId = fill(0xb1);

export async function simplexVectors(): Promise<VectorFile[]> {
  const epoch = await simplexEpoch();
  const file = (name: string, cases: readonly VectorCase[]): VectorFile => ({ name, spec: 'simplex.md', cases });
  return [
    file('simplex-votes', await votes(epoch)),
    file('simplex-certificates', await certificates(epoch)),
    file('simplex-certificates-judged', await judgedCertificates(epoch)),
    file('simplex-seals', seals()),
    file('simplex-justifications', await justifications(epoch)),
    file('simplex-messages', await messages(epoch)),
    file('simplex-finality', await finality(epoch)),
    file('simplex-duties', await duties(epoch)),
  ];
}

const notarize: Vote = { kind: 'notarize', view: 7, blockId, timestampMs: 1_700_000_000_123 };
const finalize: Vote = { kind: 'finalize', view: 7, blockId };
const nullify = (view: number, reason: number, about?: Uint8Array): Vote => ({
  kind: 'nullify',
  view,
  reason,
  blockId: about,
});

async function votes(epoch: SimplexEpoch): Promise<VectorCase[]> {
  const { input, seats, seeds, context } = epoch;
  const all: readonly Vote[] = [
    { kind: 'proposal', view: 70_000, blockId },
    notarize,
    nullify(7, 0),
    nullify(7, 1, blockId),
    nullify(8, 2),
    nullify(2 ** 33, 3),
    finalize,
  ];
  return Promise.all(
    all.map(async (vote, index) => {
      const seat = index % seats.length;
      return {
        name: `${index} ${vote.kind}`,
        input: asJson({ chainId, epoch: input, vote, seed: seeds[seat] }),
        output: asJson({
          signedBytes: signedBytes(chainId, context, vote),
          signature: (await epoch.sign(seat, vote)).signature,
        }),
      };
    }),
  );
}

/** Whether shape, weight and signatures of a certificate hold. */
async function holds(certificate: Certificate, { context }: SimplexEpoch): Promise<boolean> {
  try {
    const { claims } = simplex.claims(encodeMessage({ type: 'certificate', certificate }), {
      chainId,
      parameters,
      epoch: (number) => (number === context.epoch ? context : undefined),
    });
    return claims !== undefined && (await verifyAll(claims));
  } catch {
    return false;
  }
}

/** Groups sorted as the rules want it. */
async function assembled(epoch: SimplexEpoch, signed: readonly SignedVote[]): Promise<Certificate> {
  const groups = new Map<string, SignedVote[]>();
  for (const vote of signed.toSorted((a, b) => a.seat - b.seat)) {
    const statement = toHex(signedBytes(chainId, epoch.context, vote.vote));
    groups.set(statement, [...(groups.get(statement) ?? []), vote]);
  }
  const ordered = [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group);
  const certificate = certificateOf(epoch.context.epoch, ...ordered);
  if (!(await holds(certificate, epoch))) throw new Error('a certificate of the vectors must hold');
  return certificate;
}

async function certificates(epoch: SimplexEpoch): Promise<VectorCase[]> {
  const sign = (vote: Vote, seats: readonly number[]) => Promise.all(seats.map((seat) => epoch.sign(seat, vote)));
  const everybody = epoch.seats.map((_, seat) => seat);
  const sets: readonly (readonly [string, readonly SignedVote[]])[] = [
    ['notarized', await sign(notarize, everybody)],
    ['finalized', await sign(finalize, everybody)],
    ['votes out of order', (await sign(finalize, everybody)).reverse()],
    ['given up for one reason', await sign(nullify(9, 0), everybody)],
    [
      'given up for four reasons',
      [
        ...(await sign(nullify(9, 3), [0])),
        ...(await sign(nullify(9, 1, blockId), [1])),
        ...(await sign(nullify(9, 0), [2])),
        ...(await sign(nullify(9, 2), [3])),
      ],
    ],
  ];
  return Promise.all(
    sets.map(async ([name, signed]) => ({
      name,
      input: asJson({ chainId, epoch: epoch.input, votes: signed }),
      output: toHex(encodeMessage({ type: 'certificate', certificate: await assembled(epoch, signed) })),
    })),
  );
}

async function judgedCertificates(epoch: SimplexEpoch): Promise<VectorCase[]> {
  const { context } = epoch;
  const sign = (vote: Vote, seats: readonly number[]) => Promise.all(seats.map((seat) => epoch.sign(seat, vote)));
  const seatsOf = (...weights: bigint[]): number[] =>
    weights.map((weight) => context.committee.findIndex((member) => member.weight === weight)).sort((a, b) => a - b);
  const enough = await sign(finalize, seatsOf(4_000n, 3_000n));
  const forged = enough.map((vote, index) => (index === 0 ? { ...vote, signature: fill(1, 64) } : vote));
  const reasons = [await sign(nullify(9, 0), seatsOf(4_000n)), await sign(nullify(9, 2), seatsOf(3_000n))] as const;
  const other: Vote = { ...finalize, blockId: fill(0xb2) };
  const sets: readonly (readonly [string, Certificate])[] = [
    ['seven tenths', certificateOf(3, enough)],
    ['six tenths', certificateOf(3, await sign(finalize, seatsOf(3_000n, 2_000n, 1_000n)))],
    ['a forged signature', certificateOf(3, forged)],
    [
      'signatures of another statement',
      certificateOf(
        3,
        enough.map((vote) => ({ ...vote, vote: other })),
      ),
    ],
    ['another epoch', certificateOf(4, enough)],
    ['a seat twice', certificateOf(3, [...enough, ...enough.slice(1)])],
    ['seats out of order', certificateOf(3, enough.toReversed())],
    ['a seat that nobody has', certificateOf(3, [...enough, { ...(enough[0] as SignedVote), seat: 4 }])],
    [
      'a proposal is no vote',
      certificateOf(3, await sign({ kind: 'proposal', view: 7, blockId }, seatsOf(4_000n, 3_000n))),
    ],
    ['two blocks', certificateOf(3, enough.slice(0, 1), await sign(other, seatsOf(3_000n, 2_000n).slice(1)))],
    ['two reasons', certificateOf(3, ...reasons)],
    ['two reasons out of order', certificateOf(3, ...reasons.toReversed())],
    ['two views', certificateOf(3, reasons[0], await sign(nullify(10, 0), seatsOf(3_000n)))],
  ];
  return Promise.all(
    sets.map(async ([name, certificate]) => ({
      name,
      input: asJson({ chainId, epoch: epoch.input, certificate }),
      output: await holds(certificate, epoch),
    })),
  );
}

function seals(): VectorCase[] {
  return [
    { epoch: 0, view: 1, vrfProof: fill(1, 80), justificationRoot: fill(2) },
    { epoch: 500, view: 70_000, vrfProof: fill(3, 80), justificationRoot: fill(4) },
  ].map((seal) => ({ name: `view ${seal.view}`, input: asJson(seal), output: toHex(encodeSeal(seal)) }));
}

async function justifications(epoch: SimplexEpoch): Promise<VectorCase[]> {
  const everybody = epoch.seats.map((_, seat) => seat);
  const all = async (vote: Vote) =>
    assembled(epoch, await Promise.all(everybody.map((seat) => epoch.sign(seat, vote))));
  const parent = await all(notarize);
  const given: readonly (readonly [string, Parameters<typeof justificationBytes>[0]])[] = [
    ['on genesis', { nullifications: [] }],
    ['next view', { parent, nullifications: [] }],
    [
      'after two views that were given up',
      { parent, nullifications: [await all(nullify(8, 0)), await all(nullify(9, 2))] },
    ],
    [
      'first of an epoch',
      { parent, nullifications: [], tail: { firstView: 6, certificates: [await all(nullify(6, 0))] } },
    ],
  ];
  return given.map(([name, parts]) => {
    const bytes = justificationBytes(parts);
    const { parent: readParent, nullifications, tail } = decodeJustification(bytes, parameters.blockBytesMax);
    return {
      name,
      input: asJson({ parent: readParent, nullifications, tail }),
      output: asJson({ bytes, root: justificationRootOf(bytes) }),
    };
  });
}

function blockOf(changes: Partial<Header> = {}): Block {
  const header = headerOf(changes);
  return { header, body: { transactions: [fill(1, 300)], justification: fill(2, 10) }, id: blockIdOf(header) };
}

async function messages(epoch: SimplexEpoch): Promise<VectorCase[]> {
  const signed = await epoch.sign(2, notarize);
  const signature = fill(9, 64);
  const all: readonly Message[] = [
    { type: 'proposal', epoch: 3, view: 7, signature, block: blockOf(), again: undefined },
    { type: 'proposal', epoch: 3, view: 8, signature, block: blockOf(), again: fill(3, 40) },
    { type: 'vote', epoch: 3, signed },
    { type: 'certificate', certificate: certificateOf(3, [signed]) },
    { type: 'fetch-blocks', ids: [fill(4), fill(5)] },
    { type: 'block', block: blockOf({ height: 1 }) },
    { type: 'status', epoch: 3, view: 70_000, finalizedHeight: 2 ** 33 },
    { type: 'fetch-certificates', epoch: 3, fromView: 5, toView: 9 },
    { type: 'ask-newest-vote', source: fill(6) },
    { type: 'newest-vote', source: fill(6), newest: { epoch: 3, signed } },
    { type: 'newest-vote', source: fill(6), newest: undefined },
  ];
  return all.map((message, index) => ({
    name: `${index} ${message.type}`,
    input: asJson(message),
    output: toHex(encodeMessage(message)),
  }));
}

async function finality(epoch: SimplexEpoch): Promise<VectorCase[]> {
  const header = headerOf({ height: 301 });
  const child = headerOf({ height: 302, parentId: blockIdOf(header) });
  const grandchild = headerOf({ height: 303, parentId: blockIdOf(child) });
  return Promise.all(
    [[], [child], [child, grandchild]].map(async (descendants) => {
      const vote: Vote = { kind: 'finalize', view: 7, blockId: blockIdOf(descendants.at(-1) ?? header) };
      const signed = await Promise.all(epoch.seats.map((_, seat) => epoch.sign(seat, vote)));
      const value: CanonicalValue = [
        1,
        descendants.map(encodeHeader),
        certificateValue(await assembled(epoch, signed)),
      ];
      const proof = encodeCanonical(value);
      const claims = simplex.finalityClaims({
        header,
        proof,
        epoch: epoch.context,
        chainId,
        parameters: DEFAULT_PARAMETERS,
      });
      if (!(await verifyAll(claims))) throw new Error('a finality proof of the vectors must hold');
      return {
        name: `${descendants.length} descendants`,
        input: asJson({ chainId, epoch: epoch.input, header, descendants, votes: signed }),
        output: toHex(proof),
      };
    }),
  );
}

async function duties(epoch: SimplexEpoch): Promise<VectorCase[]> {
  const before = await simplexEpoch(epoch.context.epoch - 1);
  const all = async (of: SimplexEpoch, vote: Vote) =>
    assembled(of, await Promise.all(of.seats.map((_, seat) => of.sign(seat, vote))));
  const mixed = await assembled(
    epoch,
    await Promise.all(
      epoch.seats.map((_, seat) => epoch.sign(seat, nullify(9, seat, seat === 1 ? blockId : undefined))),
    ),
  );
  const parent = await all(epoch, notarize);
  const boundary = await all(before, { kind: 'finalize', view: 12, blockId });
  const again = [await all(before, { ...notarize, view: 10 }), await all(before, nullify(11, 2))];
  const given: readonly (readonly [string, number, Parameters<typeof justificationBytes>[0]])[] = [
    ['the very next view', 8, { parent, nullifications: [] }],
    ['two given up, one without a record', 11, { parent, nullifications: [await all(epoch, nullify(8, 0)), mixed] }],
    [
      'first block of a chain',
      3,
      { nullifications: [await all(epoch, nullify(1, 3)), await all(epoch, nullify(2, 2))] },
    ],
    ['first block of an epoch', 1, { parent: boundary, nullifications: [] }],
    [
      'first block of an epoch after a boundary block that was proposed again',
      2,
      {
        parent: boundary,
        nullifications: [await all(epoch, nullify(1, 0))],
        tail: { firstView: 9, certificates: again },
      },
    ],
  ];
  return given.map(([name, view, parts]) => {
    const justification = justificationBytes(parts);
    const justificationRoot = justificationRootOf(justification);
    const sealBytes = encodeSeal({ epoch: epoch.context.epoch, view, vrfProof: fill(1, 80), justificationRoot });
    const header = headerOf({ height: 320, sealBytes });
    const block = { header, body: { transactions: [], justification }, id: blockIdOf(header) };
    const contextOf = (number: number) => [before, epoch].find(({ context }) => context.epoch === number)?.context;
    const events = simplex.dutiesOf(block, { chainId, epoch: contextOf, parameters });
    return {
      name,
      input: asJson({ chainId, epoch: epoch.input, previousEpoch: before.input, header, justification }),
      output: asJson(events),
    };
  });
}
