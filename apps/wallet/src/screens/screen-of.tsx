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
import { ShareScreen } from './share.js';
import { StudyScreen } from './study.js';
import { WhoLooked } from './who-looked.js';

/** Seldom needed, and it brings the maker of squares along. */
const Sheet = lazy(async () => ({ default: (await import('./sheet.js')).Sheet }));

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
      return <ShareScreen />;
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
