/** Which readings she has seen, so that an app can tell of those since. Spec: docs/spec/wallet-keys.md, section 6. */
import { toHex } from '@radledger/primitives';
import { isSameStudy, type StudyName, type WalletCore } from './wallet-core.js';

/** Of one study: when the newest reading was that she has seen, by its source's clock. */
export interface SeenReadings {
  readonly studyId: Uint8Array;
  /** Unix ms. */
  readonly untilMs: number;
}

/** When the newest reading of a study was that she has seen; 0 for none. */
export function readingsSeenUntil(core: WalletCore, study: StudyName): number {
  return core.state.news.seen.find((one) => isSameStudy(one, study))?.untilMs ?? 0;
}

/** See `Wallet.noteReadingsSeen`. */
export async function noteReadingsSeen(core: WalletCore, seen: readonly SeenReadings[]): Promise<void> {
  const newest = new Map<string, SeenReadings>();
  for (const one of seen) {
    const name = toHex(one.studyId);
    if (one.untilMs > (newest.get(name)?.untilMs ?? 0)) newest.set(name, one);
  }
  const newer = [...newest.values()].flatMap(({ studyId, untilMs }) => {
    const { source } = core.record(studyId);
    return untilMs > readingsSeenUntil(core, { source, studyId }) ? [{ source, studyId, untilMs }] : [];
  });
  if (newer.length === 0) return;
  await core.update(({ news }) => ({
    news: {
      ...news,
      seen: [...news.seen.filter((one) => !newer.some((other) => isSameStudy(one, other))), ...newer],
    },
  }));
}
