import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { readArrival, takeFragment } from './model/arrival.js';
import type { Dates } from './model/dates.js';
import { useNavigation } from './model/navigation.js';
import type { Session } from './model/session.js';
import { type Trouble, troubleOf } from './model/trouble.js';
import { AppContext, type AppParts } from './parts/app-context.js';
import { Frame, type Notice } from './parts/frame.js';
import { useUpToDate } from './parts/up-to-date.js';
import { ScreenOf } from './screens/screen-of.js';
import { Help } from './screens/help.js';
import type { Texts } from './texts/index.js';

/** The whole app: a frame that is always there, and in it one screen. */
export function App(props: {
  readonly texts: Texts;
  readonly dates: Dates;
  /** Reads the settings and what rests on this device. */
  readonly start: () => Promise<Session>;
}) {
  const { texts, dates, start } = props;
  const navigation = useNavigation({ name: 'home' });
  const [session, setSession] = useState<Session>();
  const [notice, setNotice] = useState<Notice>();
  const [lastTrouble, setLastTrouble] = useState<Trouble>();
  const [said, announce] = useState('');
  const { screen, go } = navigation;

  const running = useRef<Session>(undefined);
  const fail = useCallback((error: unknown, again?: () => void): void => {
    const show = (trouble: Trouble): void => {
      setNotice({ trouble, again });
      setLastTrouble(trouble);
    };
    const guess = troubleOf(error, navigator.onLine);
    const isAboutTime = guess === 'linkExpired' || guess === 'viewOld';
    if (!isAboutTime || running.current === undefined) return show(guess);
    // What seems to have ended, or to be old, may be a clock that runs ahead.
    void running.current.isClockWrong().then((isWrong) => show(isWrong ? 'clockWrong' : guess));
  }, []);

  const begin = useCallback(() => {
    const use = (started: Session): void => {
      running.current = started;
      setSession(started);
    };
    start().then(use, (error: unknown) => fail(error, begin));
  }, [start, fail]);
  useEffect(begin, [begin]);

  // What went wrong belongs to the screen where it did.
  useEffect(() => setNotice(undefined), [screen]);

  const open = useCallback(
    async (link: string): Promise<void> => {
      if (session === undefined) return;
      go(await readArrival(link, { chainId: session.chainId, nowMs: Date.now() }));
    },
    [session, go],
  );
  useEffect(() => {
    if (session === undefined) return undefined;
    const arrive = (): void => {
      const link = takeFragment();
      if (link !== undefined) open(link).catch((error: unknown) => fail(error));
    };
    arrive();
    window.addEventListener('hashchange', arrive);
    return () => window.removeEventListener('hashchange', arrive);
  }, [session, open, fail]);
  useUpToDate(session, texts, announce);

  const parts = useMemo((): AppParts | undefined => {
    if (session === undefined) return undefined;
    return { texts, dates, navigation, session, lastTrouble, fail, open };
  }, [texts, dates, navigation, session, lastTrouble, fail, open]);
  return (
    <Frame texts={texts} navigation={navigation} notice={notice} said={said} onDismiss={() => setNotice(undefined)}>
      {parts === undefined ? (
        screen.name === 'home' ? (
          <p>{texts.frame.working}</p>
        ) : (
          <Help texts={texts} trouble={lastTrouble} />
        )
      ) : (
        <AppContext value={parts}>
          <ScreenOf screen={screen} />
        </AppContext>
      )}
    </Frame>
  );
}
