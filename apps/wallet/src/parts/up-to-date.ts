import { useEffect, useRef } from 'react';
import type { Session } from '../model/session.js';
import type { Texts } from '../texts/index.js';

const EVERY_MS = 15_000;

/** Keeps an open session up to date while somebody looks at it, and says it when a study is sealed. */
export function useUpToDate(session: Session | undefined, texts: Texts, announce: (text: string) => void): void {
  const ready = useRef<ReadonlySet<string>>(undefined);
  const whose = useRef<string>(undefined);
  useEffect(() => {
    if (session === undefined) return undefined;
    // What was sealed before today is no news; on a device where nothing was, everything is.
    if (session.getState().phase === 'new') ready.current = new Set();
    const look = (): void => {
      if (document.visibilityState !== 'visible') return;
      void session.catchUp();
    };
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
    const timer = setInterval(look, EVERY_MS);
    const unsubscribe = session.subscribe(sayWhatIsSealed);
    window.addEventListener('online', look);
    document.addEventListener('visibilitychange', look);
    return () => {
      clearInterval(timer);
      unsubscribe();
      window.removeEventListener('online', look);
      document.removeEventListener('visibilitychange', look);
    };
  }, [session, texts, announce]);
}
