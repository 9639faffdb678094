import { isRefusal } from '@radledger/client';
import type { OpenMailbox } from '@radledger/wallet';
import encodeQR from 'qr';
import { useCallback, useEffect, useState } from 'react';
import type { Study } from '../model/shelf.js';
import { type Trouble, troubleOf } from '../model/trouble.js';
import { useApp } from '../parts/app-context.js';
import { Button } from '../parts/button.js';
import { Heading } from '../parts/heading.js';
import { Square } from '../parts/square.js';

const ASK_EVERY_MS = 3_000;
/** What is over by itself, mostly. */
const PASSING: readonly Trouble[] = ['offline', 'noAnswer', 'tooMany', 'viewOld'];

/** F3: she begins. The clinic scans her code and leaves its request; nothing is typed, and nothing shared before she says so. */
export function ShareScreen(props: { readonly study: Study }) {
  const { study } = props;
  const { texts, dates, session, navigation, fail } = useApp();
  const { replace } = navigation;
  const [mailbox, setMailbox] = useState<OpenMailbox>();
  const [isOver, setOver] = useState(false);
  const show = useCallback(async (): Promise<void> => {
    setOver(false);
    setMailbox(undefined);
    try {
      setMailbox(await session.openMailbox(study));
    } catch (error) {
      // A hospital's earlier version opens none for whoever acts for somebody: the clinic's own link does.
      if (study.actsFor === undefined || !isRefusal(error, 'STUDY_UNKNOWN')) throw error;
      replace({ name: 'link' });
    }
  }, [session, study, replace]);
  useEffect(() => {
    const begin = (): void => void show().catch((error: unknown) => fail(error, begin));
    begin();
  }, [show, fail]);
  const end = useCallback(() => {
    setMailbox(undefined);
    setOver(true);
  }, []);
  useAnswer(mailbox, end);
  const link = mailbox?.link(`${window.location.origin}${window.location.pathname}`);
  return (
    <>
      <Heading>{texts.share.title}</Heading>
      <p className="lead">{texts.share.text}</p>
      {link !== undefined && mailbox !== undefined && (
        <>
          <Square modules={encodeQR(link, 'raw')} label={texts.share.square} />
          <p className="note">{texts.share.until(dates.time(mailbox.expiresAtMs))}</p>
          <p role="status">{texts.share.waiting}</p>
          <Button kind="quiet" onPress={() => navigator.clipboard.writeText(link)}>
            {texts.share.copy}
          </Button>
        </>
      )}
      {isOver && (
        <>
          <p role="status">{texts.share.over}</p>
          <Button onPress={show}>{texts.share.again}</Button>
        </>
      )}
      {link === undefined && !isOver && <p role="status">{texts.frame.working}</p>}
      <Button kind="quiet" onPress={() => navigation.go({ name: 'link' })}>
        {texts.share.paste}
      </Button>
    </>
  );
}

/** Looks into the mailbox until a clinic has answered, and shows who asks. A network that is away for a while ends nothing; its time does. */
function useAnswer(mailbox: OpenMailbox | undefined, end: () => void): void {
  const { session, navigation, fail } = useApp();
  const { replace } = navigation;
  useEffect(() => {
    if (mailbox === undefined) return undefined;
    const stop = new AbortController();
    let isLooking = false;
    const look = async (): Promise<void> => {
      if (isLooking) return;
      isLooking = true;
      try {
        const request = await session.requestIn(mailbox, stop.signal);
        if (request !== undefined && !stop.signal.aborted) replace({ name: 'request', request });
        else if (Date.now() > mailbox.expiresAtMs) end();
      } catch (error) {
        if (stop.signal.aborted) return;
        if (isRefusal(error, 'MAILBOX_UNKNOWN')) return end();
        if (PASSING.includes(troubleOf(error, navigator.onLine))) return;
        // What somebody left there does not hold, and it takes nothing else.
        fail(error);
        end();
      } finally {
        isLooking = false;
      }
    };
    const timer = setInterval(() => void look(), ASK_EVERY_MS);
    return () => {
      clearInterval(timer);
      stop.abort();
    };
  }, [mailbox, session, replace, fail, end]);
}
