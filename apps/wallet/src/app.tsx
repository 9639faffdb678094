import {
  startTransition,
  Suspense,
  useCallback,
  useEffect,
  useMemo,
  useRef,
  useState,
  useSyncExternalStore,
} from 'react';
import { readArrival, takeFragment } from './model/arrival.js';
import type { Dates } from './model/dates.js';
import { useNavigation } from './model/navigation.js';
import type { Session } from './model/session.js';
import { isAnybodyLetIn } from './model/shelf.js';
import { type PastTrouble, type Trouble, troubleOf } from './model/trouble.js';
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
  /** Looks what rests on this device. */
  readonly start: () => Promise<Session>;
}) {
  const { texts, dates, start } = props;
  const navigation = useNavigation({ name: 'home' });
  const [session, setSession] = useState<Session>();
  const [notice, setNotice] = useState<Notice>();
  const [lastTrouble, setLastTrouble] = useState<PastTrouble>();
  const [said, announce] = useState('');
  /** Whether a link leads to another screen than home, and is being read. */
  const [isComing, setComing] = useState(() => window.location.hash.length > 1);
  const { screen, go } = navigation;

  const running = useRef<Session>(undefined);
  const fail = useCallback((error: unknown, again?: () => void): void => {
    const show = (trouble: Trouble): void => {
      setNotice({ trouble, again });
      setLastTrouble({ trouble, atMs: Date.now() });
    };
    const guess = troubleOf(error, navigator.onLine);
    const isAboutTime = guess === 'linkExpired' || guess === 'viewOld' || guess === 'appOld';
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
      const arrival = await readArrival(link, async () => ({ chainId: await session.chainId(), nowMs: Date.now() }));
      // What is shown stays until the next screen is loaded.
      startTransition(() => {
        go(arrival);
        setComing(false);
      });
    },
    [session, go],
  );
  useEffect(() => {
    if (session === undefined) return undefined;
    const arrive = (): void => {
      const link = takeFragment();
      if (link === undefined) return;
      const read = (): void => {
        open(link).catch((error: unknown) => {
          setComing(false);
          fail(error, read);
        });
      };
      read();
    };
    arrive();
    window.addEventListener('hashchange', arrive);
    return () => window.removeEventListener('hashchange', arrive);
  }, [session, open, fail]);
  useUpToDate(session, texts, announce);
  const canStop = useSyncExternalStore(session?.subscribe ?? subscribeToNothing, () =>
    isAnybodyLetIn(session?.getState().shelf),
  );
  // What the first screen does without is there before she presses anything. What fails now is tried again, and told, when it is used.
  useEffect(() => {
    session?.prepare().catch(() => undefined);
  }, [session]);

  const parts = useMemo((): AppParts | undefined => {
    if (session === undefined) return undefined;
    return { texts, dates, navigation, session, lastTrouble, fail, open };
  }, [texts, dates, navigation, session, lastTrouble, fail, open]);
  return (
    <Frame
      texts={texts}
      navigation={navigation}
      canStop={canStop}
      notice={notice}
      said={said}
      onDismiss={() => setNotice(undefined)}
    >
      <Suspense fallback={<p>{texts.frame.working}</p>}>
        {screen.name === 'home' && (parts === undefined || isComing) ? (
          <p>{texts.frame.working}</p>
        ) : parts === undefined ? (
          <Help texts={texts} dates={dates} last={lastTrouble} />
        ) : (
          <AppContext value={parts}>
            <ScreenOf screen={screen} />
          </AppContext>
        )}
      </Suspense>
    </Frame>
  );
}

function subscribeToNothing(): () => void {
  return () => undefined;
}
