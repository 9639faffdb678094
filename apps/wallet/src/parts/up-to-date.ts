import { useEffect, useRef } from 'react';
import type { Session } from '../model/session.js';
import type { Texts } from '../texts/index.js';

const EVERY_MS = 15_000;
/** While a Stop waits: the network may be back before or after the device says so. */
const STOP_EVERY_MS = 1_000;

/** Keeps an open session up to date while somebody looks at it, and says it when a study is sealed. */
export function useUpToDate(session: Session | undefined, texts: Texts, announce: (text: string) => void): void {
  const ready = useRef<ReadonlySet<string>>(undefined);
  const whose = useRef<string>(undefined);
  useEffect(() => {
    if (session === undefined) return undefined;
    // What was sealed before today is no news; on a device where nothing was, everything is.
    if (session.getState().phase === 'new') ready.current = new Set();
    let isLooking = false;
    let lookedAtMs = performance.now();
    const look = async (): Promise<void> => {
      if (isLooking || document.visibilityState !== 'visible') return;
      isLooking = true;
      await session.catchUp().catch(() => undefined);
      isLooking = false;
      lookedAtMs = performance.now();
    };
    const tick = (): void => {
      const isUrgent = navigator.onLine && isStopping(session);
      // A look may wait long for an Allow; a Stop does not wait with it.
      if (isUrgent && isLooking) void session.sendStops().catch(() => undefined);
      if (isUrgent || performance.now() - lookedAtMs >= EVERY_MS) void look();
    };
    const onEvent = (): void => void look();
    const sayWhatIsSealed = (): void => {
      const { profileId, shelf } = session.getState();
      // Those of the next person are not new because they were not shown before.
      if (whose.current !== undefined && profileId !== whose.current) ready.current = undefined;
      whose.current = profileId;
      const now = shelf?.studies.filter(({ state }) => state === 'ready');
      if (now === undefined) return;
      const sealed = now.find(({ id }) => ready.current?.has(id) === false);
      if (sealed !== undefined) announce(texts.study.sealedSaid(sealed.label ?? texts.study.unnamed));
      ready.current = new Set(now.map(({ id }) => id));
    };
    const timer = setInterval(tick, STOP_EVERY_MS);
    const unsubscribe = session.subscribe(sayWhatIsSealed);
    window.addEventListener('online', onEvent);
    document.addEventListener('visibilitychange', onEvent);
    return () => {
      clearInterval(timer);
      unsubscribe();
      window.removeEventListener('online', onEvent);
      document.removeEventListener('visibilitychange', onEvent);
    };
  }, [session, texts, announce]);
}

function isStopping(session: Session): boolean {
  return (
    session.getState().shelf?.people.some(({ shares }) => shares.some(({ state }) => state === 'stopping')) === true
  );
}
