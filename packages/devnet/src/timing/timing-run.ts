/**
 * Whether the time of a refusal tells why: a study that is unknown, one that was never granted, one whose grant was revoked, asked in
 * random order by one requester, over ITI-43 and over DICOMweb; and the first two again by requesters who ask for the first time
 * (threats.md, row 22).
 */
import { randomBytes, randomInt } from 'node:crypto';
import { signRequest } from '@radledger/iti43/client';
import { createDicomwebClient, isRefusal } from '@radledger/client';
import { createSigner, fromHex, generateSeed, type Signer } from '@radledger/primitives';
import { post } from '../document-consumer.js';
import { DevnetError } from '../errors.js';
import { openSmallHospital } from '../load/small-hospital.js';
import { startLocalNet } from '../local-net.js';
import { T_MAX, welch } from './welch.js';

const REFUSED = 'XDSDocumentUniqueIdError';

export interface TimingOptions {
  /** Empty. */
  readonly folder: string;
  /** Of all series together. */
  readonly timings: number;
  readonly tell: (line: string) => void;
}

export interface Comparison {
  readonly pair: readonly [string, string];
  /** Welch's t; beyond 4.5 either way the two differ. */
  readonly t: number;
  readonly meansMs: readonly [number, number];
  readonly differs: boolean;
}

export interface TimingResult {
  readonly timings: number;
  readonly comparisons: readonly Comparison[];
}

/** @throws {DevnetError} when the net cannot be made, or an answer is another than the one refusal */
export async function runTimings({ folder, timings, tell }: TimingOptions): Promise<TimingResult> {
  const net = await startLocalNet(folder, { onStarted: ({ name }) => tell(`${name} is up`) });
  try {
    const hospital = await openSmallHospital(net.cast);
    const [notGranted, revoked] = [await hospital.publish(), await hospital.publish()];
    await hospital.patient.revoke(revoked, await hospital.allow(revoked));
    const unknown = randomBytes(32).toString('hex');
    const stranger = (): Promise<Signer> => createSigner(generateSeed());
    const practice = (): Promise<Signer> => Promise.resolve(net.cast.practice.recipient);
    const viewer = createDicomwebClient({
      url: net.network.sources[0]?.api as string,
      signer: net.cast.practice.recipient,
    });
    const byIti43 = (studyId: string, signer: () => Promise<Signer>) => async () => {
      const { endpoint, wish } = hospital.target(studyId);
      const { envelope } = await signRequest({
        endpointUrl: endpoint.url,
        documents: [wish],
        signer: await signer(),
        now: new Date(),
      });
      return async () => (await post(endpoint, envelope)) === REFUSED;
    };
    const byDicomweb = (studyId: string) => async () => () =>
      viewer.metadata({ studyId: fromHex(studyId) }).then(
        () => false,
        (error: unknown) => isRefusal(error) && error.info.status === 404,
      );
    /** Each makes a request ready; what is timed sends it, and tells whether the answer was the one refusal. */
    const asked = {
      unknown: byIti43(unknown, practice),
      'not granted': byIti43(notGranted, practice),
      revoked: byIti43(revoked, practice),
      'unknown, first time': byIti43(unknown, stranger),
      'not granted, first time': byIti43(notGranted, stranger),
      'unknown, DICOMweb': byDicomweb(unknown),
      'not granted, DICOMweb': byDicomweb(notGranted),
      'revoked, DICOMweb': byDicomweb(revoked),
    };
    type Kind = keyof typeof asked;
    const kinds = Object.keys(asked) as Kind[];
    const series = Object.fromEntries(kinds.map((kind) => [kind, [] as number[]])) as Record<Kind, number[]>;
    for (let done = 0; done < timings; done += 1) {
      const kind = kinds[randomInt(kinds.length)] as Kind;
      const send = await asked[kind]();
      const began = performance.now();
      const isRefused = await send();
      series[kind].push(performance.now() - began);
      if (!isRefused) {
        throw new DevnetError({ code: 'STORY_BROKEN', step: kind }, 'expected the one refusal, got another answer');
      }
    }
    const compare = (first: Kind, second: Kind): Comparison => {
      const { t, meansMs } = welch(series[first], series[second]);
      return {
        pair: [first, second],
        t: round(t),
        meansMs: [round(meansMs[0]), round(meansMs[1])],
        differs: Math.abs(t) > T_MAX,
      };
    };
    const comparisons = [
      compare('unknown', 'not granted'),
      compare('unknown', 'revoked'),
      compare('not granted', 'revoked'),
      compare('unknown, first time', 'not granted, first time'),
      compare('unknown, DICOMweb', 'not granted, DICOMweb'),
      compare('unknown, DICOMweb', 'revoked, DICOMweb'),
      compare('not granted, DICOMweb', 'revoked, DICOMweb'),
    ];
    return { timings, comparisons };
  } finally {
    await net.stop();
  }
}

function round(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
