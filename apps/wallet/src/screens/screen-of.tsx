import { lazy, Suspense } from 'react';
import type { Screen } from '../model/navigation.js';
import { useApp } from '../parts/app-context.js';
import { Allowed } from './allowed.js';
import { Help } from './help.js';
import { Home } from './home.js';
import { InvitationScreen } from './invitation.js';
import { LinkScreen } from './link.js';
import { Locked } from './locked.js';
import { LostPhone } from './lost-phone.js';
import { PersonScreen } from './person.js';
import { RequestScreen } from './request.js';
import { Restore } from './restore.js';
import { StudyScreen } from './study.js';
import { WhoLooked } from './who-looked.js';

/** Those that show a square bring its maker along, which the first visit does without. */
const Sheet = lazy(async () => ({ default: (await import('./sheet.js')).Sheet }));
const ShareScreen = lazy(async () => ({ default: (await import('./share.js')).ShareScreen }));

/** The screen that a name stands for. What shows something of hers waits until she has confirmed that it is her. */
export function ScreenOf(props: { readonly screen: Screen }) {
  const { screen } = props;
  const { texts, state, lastTrouble } = useApp();
  switch (screen.name) {
    case 'invitation':
      return <InvitationScreen invitation={screen.invitation} />;
    case 'request':
      return <RequestScreen request={screen.request} />;
    case 'link':
      return <LinkScreen />;
    case 'lost-phone':
      return <LostPhone />;
    case 'restore':
      return <Restore />;
    case 'help':
      return <Help texts={texts} trouble={lastTrouble} />;
    default:
  }
  if (state.phase === 'locked') return <Locked />;
  switch (screen.name) {
    case 'home':
      return <Home />;
    case 'allowed':
      return <Allowed {...screen} />;
    case 'study':
      return <StudyScreen studyId={screen.studyId} />;
    case 'share':
      return (
        <Suspense fallback={<p>{texts.frame.working}</p>}>
          <ShareScreen study={screen.study} />
        </Suspense>
      );
    case 'person':
      return <PersonScreen personId={screen.personId} />;
    case 'who-looked':
      return <WhoLooked studyId={screen.studyId} />;
    case 'sheet':
      return (
        <Suspense fallback={<p>{texts.frame.working}</p>}>
          <Sheet />
        </Suspense>
      );
  }
}
