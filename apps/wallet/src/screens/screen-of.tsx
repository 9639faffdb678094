import { lazy, useCallback } from 'react';
import type { Screen } from '../model/navigation.js';
import { useApp } from '../parts/app-context.js';
import { Help } from './help.js';
import { Home } from './home.js';
import { InvitationScreen } from './invitation.js';
import { Locked } from './locked.js';
import { PersonScreen } from './person.js';

/** What the first visit does without: some bring the wallet along, some show a square and bring its maker, one a whole viewer. */
const RequestScreen = lazy(async () => ({ default: (await import('./request.js')).RequestScreen }));
const Allowed = lazy(async () => ({ default: (await import('./allowed.js')).Allowed }));
const LinkScreen = lazy(async () => ({ default: (await import('./link.js')).LinkScreen }));
const StudyScreen = lazy(async () => ({ default: (await import('./study.js')).StudyScreen }));
const LostPhone = lazy(async () => ({ default: (await import('./lost-phone.js')).LostPhone }));
const OfferRole = lazy(async () => ({ default: (await import('./offer-role.js')).OfferRole }));
const RoleOfferScreen = lazy(async () => ({ default: (await import('./role-offer.js')).RoleOfferScreen }));
const RoleAnswerScreen = lazy(async () => ({ default: (await import('./role-answer.js')).RoleAnswerScreen }));
const ChosenScreen = lazy(async () => ({ default: (await import('./chosen.js')).ChosenScreen }));
const Sheet = lazy(async () => ({ default: (await import('./sheet.js')).Sheet }));
const Restore = lazy(async () => ({ default: (await import('./restore.js')).Restore }));
const Helpers = lazy(async () => ({ default: (await import('./helpers.js')).Helpers }));
const AskHelpers = lazy(async () => ({ default: (await import('./ask-helpers.js')).AskHelpers }));
const StopScreen = lazy(async () => ({ default: (await import('./stop.js')).StopScreen }));
const StopAll = lazy(async () => ({ default: (await import('./stop-all.js')).StopAll }));
const More = lazy(async () => ({ default: (await import('./more.js')).More }));
const AddProfile = lazy(async () => ({ default: (await import('./add-profile.js')).AddProfile }));
const ChangePin = lazy(async () => ({ default: (await import('./change-pin.js')).ChangePin }));
const OldPhone = lazy(async () => ({ default: (await import('./old-phone.js')).OldPhone }));
const NewPhone = lazy(async () => ({ default: (await import('./new-phone.js')).NewPhone }));
const ShareScreen = lazy(async () => ({ default: (await import('./share.js')).ShareScreen }));
const CopyScreen = lazy(async () => ({ default: (await import('./copy.js')).CopyScreen }));
const Agreed = lazy(async () => ({ default: (await import('./agreed.js')).Agreed }));
const WhoLooked = lazy(async () => ({ default: (await import('./who-looked.js')).WhoLooked }));
const ViewScreen = lazy(async () => ({ default: (await import('./view.js')).ViewScreen }));

/** The screen that a name stands for. What shows something of hers waits until she has confirmed that it is her. */
export function ScreenOf(props: { readonly screen: Screen }) {
  const { screen } = props;
  const { texts, dates, state, session, lastTrouble } = useApp();
  const contacts = useCallback(() => session.contacts(), [session]);
  switch (screen.name) {
    case 'invitation':
      return <InvitationScreen invitation={screen.invitation} />;
    case 'request':
      return <RequestScreen request={screen.request} />;
    case 'role-offer':
      return <RoleOfferScreen offer={screen.offer} />;
    case 'link':
      return <LinkScreen />;
    case 'lost-phone':
      return <LostPhone />;
    case 'restore':
      return <Restore forName={screen.forName} />;
    case 'ask-helpers':
      return <AskHelpers forName={screen.forName} />;
    case 'new-phone':
      return <NewPhone />;
    case 'help':
      return <Help texts={texts} dates={dates} last={lastTrouble} contacts={contacts} />;
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
      return <ShareScreen study={screen.study} />;
    case 'view':
      return <ViewScreen study={screen.study} />;
    case 'copy':
      return <CopyScreen study={screen.study} />;
    case 'person':
      return <PersonScreen personId={screen.personId} />;
    case 'agreed':
      return <Agreed personId={screen.personId} />;
    case 'who-looked':
      return <WhoLooked studyId={screen.studyId} />;
    case 'offer-role':
      return <OfferRole role={screen.role} studyId={screen.studyId} />;
    case 'role-answer':
      return <RoleAnswerScreen answer={screen.answer} words={screen.words} />;
    case 'chosen':
      return <ChosenScreen studyId={screen.studyId} />;
    case 'sheet':
      return <Sheet />;
    case 'helpers':
      return <Helpers />;
    case 'stop':
      return <StopScreen />;
    case 'stop-all':
      return <StopAll />;
    case 'more':
      return <More />;
    case 'add-profile':
      return <AddProfile />;
    case 'change-pin':
      return <ChangePin />;
    case 'old-phone':
      return <OldPhone />;
  }
}
