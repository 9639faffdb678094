/**
 * How many studies one key may ask for, and how many may be asked for in vain: a signature that holds is no licence to keep a ledger
 * node or an archive busy. Spec: docs/spec/gateway-api.md, section 3.
 */
import { ipKeyGenerator } from 'express-rate-limit';
import { createMinuteCounts } from '../minute-counts.js';
import type { OpenedStudy, OpenStudy, StudyRequest } from './open-study.js';

/** Keys that are remembered as entitled; the one that was served longest ago is a stranger again. */
const ENTITLED_MAX = 10_000;
const PER_KEY = 20;
const PER_ADDRESS = 4;

export interface ReaderLimitsOptions {
  /**
   * Studies a minute that keys ask for and may not have, at least 20: a quarter of them from one address, a twentieth by one key. Each
   * costs the ledger node two reads.
   */
  readonly missesPerMinute: number;
  readonly now: () => number;
}

/** See `OpenStudy`; `too-often`: nothing was looked at. */
export type OpenWithinLimits = (request: StudyRequest) => Promise<OpenedStudy | 'stale-view' | 'refused' | 'too-often'>;

/** `openStudy` for one protocol, within the limits: of `studiesPerMinute` for each key, and of misses of all protocols together. */
export type LimitReaders = (openStudy: OpenStudy, studiesPerMinute: number) => OpenWithinLimits;

/**
 * Whoever was given a study is entitled from then on: what strangers miss is not counted against him, only what he misses himself. All
 * others draw on what is left of the misses of their key, of their address and of everybody, and get back what turns out to be no miss. So
 * no more keys are counted than misses are allowed.
 */
export function createReaderLimits({ missesPerMinute, now }: ReaderLimitsOptions): LimitReaders {
  const entitled = new Set<string>();
  const missesNow = createMinuteCounts(now);

  const entitle = (key: string): void => {
    entitled.delete(key);
    entitled.add(key);
    for (const oldest of entitled) {
      if (entitled.size <= ENTITLED_MAX) break;
      entitled.delete(oldest);
    }
  };

  return (openStudy, studiesPerMinute) => {
    const askedNow = createMinuteCounts(now);
    return async (request) => {
      const { signer, peerAddress = '' } = request.request;
      const isEntitled = entitled.has(signer);
      const asked = askedNow();
      const misses = missesNow();
      const address = ipKeyGenerator(peerAddress);
      const missed = [signer, EVERYBODY, ...(isEntitled ? [] : [address])];
      const isWithin =
        asked.of(signer) < studiesPerMinute &&
        misses.of(signer) < missesPerMinute / PER_KEY &&
        (isEntitled || misses.of(address) < missesPerMinute / PER_ADDRESS) &&
        ((isEntitled && misses.of(signer) === 0) || misses.of(EVERYBODY) < missesPerMinute);
      if (!isWithin) return 'too-often';

      if (isEntitled) asked.add([signer], 1);
      else misses.add(missed, 1);
      let opened: Awaited<ReturnType<OpenStudy>> | undefined;
      try {
        opened = await openStudy(request);
        return opened;
      } finally {
        const isMiss = opened === undefined || opened === 'refused';
        if (isEntitled && isMiss) misses.add(missed, 1);
        if (!isEntitled && !isMiss) misses.add(missed, -1);
        if (typeof opened === 'object') {
          if (!isEntitled) asked.add([signer], 1);
          entitle(signer);
        }
      }
    };
  };
}

const EVERYBODY = 'everybody';
