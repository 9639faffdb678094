/**
 * How many studies one key may ask for, and how many may be asked for in vain: a signature that holds is no licence to keep a ledger
 * node or an archive busy. Spec: docs/spec/gateway-api.md, section 3.
 */
import { ipKeyGenerator } from 'express-rate-limit';
import { createMinuteCounts } from '../minute-counts.js';
import { createSlots, type Slots } from '../slots.js';
import type { OpenedStudy, OpenStudy, StudyRequest } from './open-study.js';
import type { ServedKeys } from './served-keys.js';

const PER_KEY = 20;
const PER_ADDRESS = 20;
/** So much of what an entitled key may miss is looked up for it at a time; the rest waits. */
const AT_ONCE = 4;

export interface ReaderLimitsOptions {
  /** Studies a minute that keys ask for and may not have, at least 20: a twentieth from one address, and by one key. Each costs the ledger node two reads. */
  readonly missesPerMinute: number;
  /** Who may read something here: whoever was given a study, and whom the site lets in. */
  readonly entitled: ServedKeys;
  readonly now: () => number;
}

/** See `OpenStudy`; `too-often`: nothing was looked at. */
export type OpenWithinLimits = (request: StudyRequest) => Promise<OpenedStudy | 'stale-view' | 'refused' | 'too-often'>;

/** `openStudy` for one protocol, within the limits: of `studiesPerMinute` for each key, and of misses of all protocols together. */
export type LimitReaders = (openStudy: OpenStudy, studiesPerMinute: number) => OpenWithinLimits;

/** What is looked up for one entitled key. */
interface Lane {
  readonly slots: Slots;
  /** What has a slot or waits for one. */
  asked: number;
  underWay: number;
}

/**
 * What strangers miss is not counted against a key that is entitled, only what it misses itself. All others draw on what is left of the
 * misses of their key, of their address and of everybody, and get back what turns out to be no miss. So no more keys are counted than
 * misses are allowed.
 */
export function createReaderLimits({ missesPerMinute, entitled, now }: ReaderLimitsOptions): LimitReaders {
  const perKey = missesPerMinute / PER_KEY;
  const atOnce = Math.max(1, Math.floor(perKey / AT_ONCE));
  const missesNow = createMinuteCounts(now);
  const lanes = new Map<string, Lane>();

  /** What is under way counts as missed until it is answered; a failure is nobody's miss here. */
  async function openEntitled(signer: string, open: () => ReturnType<OpenStudy>): ReturnType<OpenWithinLimits> {
    const lane = lanes.get(signer) ?? { slots: createSlots(atOnce), asked: 0, underWay: 0 };
    lanes.set(signer, lane);
    lane.asked += 1;
    try {
      return await lane.slots(async () => {
        const misses = missesNow();
        const missed = misses.of(signer);
        if (missed + lane.underWay >= perKey) return 'too-often';
        if (missed > 0 && misses.of(EVERYBODY) >= missesPerMinute) return 'too-often';
        lane.underWay += 1;
        try {
          const opened = await open();
          if (opened === 'refused') misses.add([signer, EVERYBODY], 1);
          return opened;
        } finally {
          lane.underWay -= 1;
        }
      });
    } finally {
      lane.asked -= 1;
      if (lane.asked === 0) lanes.delete(signer);
    }
  }

  /** A miss until it turns out to be none. */
  async function openStranger(
    { signer, peerAddress = '' }: StudyRequest['request'],
    open: () => ReturnType<OpenStudy>,
  ): ReturnType<OpenWithinLimits> {
    const misses = missesNow();
    const address = ipKeyGenerator(peerAddress);
    if (
      misses.of(signer) >= perKey ||
      misses.of(address) >= missesPerMinute / PER_ADDRESS ||
      misses.of(EVERYBODY) >= missesPerMinute
    ) {
      return 'too-often';
    }
    const missed = [signer, address, EVERYBODY];
    misses.add(missed, 1);
    const opened = await open();
    if (opened !== 'refused') misses.add(missed, -1);
    return opened;
  }

  return (openStudy, studiesPerMinute) => {
    const askedNow = createMinuteCounts(now);
    return async (request) => {
      const { signer } = request.request;
      const asked = askedNow();
      if (asked.of(signer) >= studiesPerMinute) return 'too-often';
      const open = (): ReturnType<OpenStudy> => openStudy(request);
      const isEntitled = entitled.has(signer);
      if (isEntitled) asked.add([signer], 1);
      const opened = await (isEntitled ? openEntitled(signer, open) : openStranger(request.request, open));
      if (typeof opened === 'object') {
        if (!isEntitled) asked.add([signer], 1);
        entitled.add(signer);
      }
      return opened;
    };
  };
}

const EVERYBODY = 'everybody';
