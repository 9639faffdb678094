import { isRefusal } from '@radledger/client';
import type { OpenMailbox } from '@radledger/wallet';
import encodeQR from 'qr';
import { useEffect, useState } from 'react';
import type { Study } from '../model/shelf.js';
import { useApp } from '../parts/app-context.js';
import { Button } from '../parts/button.js';
import { Heading } from '../parts/heading.js';
import { Square } from '../parts/square.js';

const ASK_EVERY_MS = 3_000;

/** F3: she begins. The clinic scans her code and leaves its request; nothing is typed, and nothing shared before she says so. */
export function ShareScreen(props: { readonly study: Study }) {
  const { study } = props;
  const { texts, dates, session, navigation, fail } = useApp();
  const { replace } = navigation;
  const [mailbox, setMailbox] = useState<OpenMailbox>();
  useEffect(() => {
    session.openMailbox(study).then(setMailbox, (error: unknown) => {
      // A hospital's earlier version opens none for whoever acts for somebody: the clinic's own link does.
      if (study.actsFor !== undefined && isRefusal(error, 'STUDY_UNKNOWN')) replace({ name: 'link' });
      else fail(error);
    });
  }, [session, study, fail, replace]);
  useAnswer(mailbox);
  const link = mailbox?.link(`${window.location.origin}${window.location.pathname}`);
  return (
    <>
      <Heading>{texts.share.title}</Heading>
      <p className="lead">{texts.share.text}</p>
      {link === undefined || mailbox === undefined ? (
        <p role="status">{texts.frame.working}</p>
      ) : (
        <>
          <Square modules={encodeQR(link, 'raw')} label={texts.share.square} />
          <p className="note">{texts.share.until(dates.time(mailbox.expiresAtMs))}</p>
          <Button kind="quiet" onPress={() => navigator.clipboard.writeText(link)}>
            {texts.share.copy}
          </Button>
        </>
      )}
      <Button kind="quiet" onPress={() => navigation.go({ name: 'link' })}>
        {texts.share.paste}
      </Button>
    </>
  );
}

/** Looks into the mailbox until a clinic has answered, and shows who asks. */
function useAnswer(mailbox: OpenMailbox | undefined): void {
  const { session, navigation, fail } = useApp();
  const { replace } = navigation;
  useEffect(() => {
    if (mailbox === undefined) return undefined;
    const stop = new AbortController();
    const look = async (): Promise<void> => {
      const request = await session.requestIn(mailbox, stop.signal);
      if (request !== undefined) replace({ name: 'request', request });
    };
    const timer = setInterval(() => {
      look().catch((error: unknown) => {
        if (stop.signal.aborted) return;
        clearInterval(timer);
        fail(error);
      });
    }, ASK_EVERY_MS);
    return () => {
      clearInterval(timer);
      stop.abort();
    };
  }, [mailbox, session, replace, fail]);
}
