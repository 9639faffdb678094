import { toHex } from '@radledger/primitives';
import { lazy, Suspense, useState } from 'react';
import type { Replacement } from '../model/session.js';
import { actingIn, isSeeing, type Person, type Study } from '../model/shelf.js';
import { ActingRows } from '../parts/acting-rows.js';
import { useApp } from '../parts/app-context.js';
import { Button } from '../parts/button.js';
import { Confirm } from '../parts/confirm.js';
import { focusTitle, Heading } from '../parts/heading.js';
import { PersonRow } from '../parts/person-row.js';
import { ProfileSwitcher } from '../parts/profile-switcher.js';
import { Seal } from '../parts/seal.js';
import { saidOf, whose } from '../parts/study-name.js';

const News = lazy(async () => ({ default: (await import('../parts/news.js')).News }));
const DeviceNotice = lazy(async () => ({ default: (await import('../parts/device-notice.js')).DeviceNotice }));

/** Her images, and who can see them. */
export function Home() {
  const { texts, dates, state, navigation } = useApp();
  const { shelf, isStale } = state;
  if (state.phase === 'new') return <Empty />;
  if (shelf === undefined && !isStale) return <p>{texts.frame.working}</p>;
  if (shelf === undefined || shelf.studies.length === 0) return <Empty />;
  const seeing = shelf.people.filter(({ shares }) => shares.some(isSeeing));
  const acting = actingIn(shelf);
  return (
    <>
      <Heading>{texts.home.title}</Heading>
      <ProfileSwitcher />
      <Replacements />
      {state.newDevices.length > 0 && (
        <Suspense>
          <DeviceNotice />
        </Suspense>
      )}
      <Unfinished />
      {state.isMended && <MendedNotice />}
      {isStale && <p className="note">{texts.frame.asOf(dates.moment(shelf.asOfMs))}</p>}
      {state.news.length > 0 && (
        <Suspense>
          <News />
        </Suspense>
      )}
      <ul className="cards">
        {shelf.studies.map((study) => (
          <li key={study.id}>
            <StudyCard study={study} />
          </li>
        ))}
      </ul>
      {(seeing.length > 0 || acting.length === 0) && <People people={seeing} />}
      <ActingRows acting={acting} />
      <Button kind="quiet" onPress={() => navigation.go({ name: 'who-looked' })}>
        {texts.home.whoLooked}
      </Button>
      <Button kind="quiet" onPress={() => navigation.go({ name: 'more' })}>
        {texts.more.title}
      </Button>
      {shelf.people.length > 0 && state.wrappers.length < 2 && <SheetNudge />}
    </>
  );
}

/** Somebody at a desk says that she, or whoever's images are on this phone too, lost her access. */
function Replacements() {
  const { replacements } = useApp().state;
  return replacements.map((replacement) => (
    <ReplacementNotice key={`${replacement.profileId}/${toHex(replacement.studyId)}`} replacement={replacement} />
  ));
}

/** If it was not she, one press ends it. */
function ReplacementNotice(props: { readonly replacement: Replacement }) {
  const { replacement } = props;
  const { texts, dates, state, session } = useApp();
  const { profileId, label, hospital, dueAtMs } = replacement;
  const { name = '' } = state.profiles.find(({ id }) => id === profileId) ?? {};
  return (
    <section className="notice" role="alert">
      <h2>{texts.replacement.title(hospital ?? texts.study.unnamedHospital)}</h2>
      {name !== '' && (
        <p>
          {texts.profiles.whose}: <bdi>{name}</bdi>
        </p>
      )}
      <p>{texts.replacement.text(label ?? texts.study.unnamed, dates.moment(dueAtMs))}</p>
      <div className="pair">
        <Button kind="stop" onPress={() => session.answerReplacement(replacement, 'stop')}>
          {texts.replacement.stop}
        </Button>
        <Confirm again kind="quiet" onConfirmed={() => session.answerReplacement(replacement, 'confirm')}>
          {texts.replacement.confirm}
        </Confirm>
      </div>
    </section>
  );
}

/** What she began, and what waits for her: it goes on with one press. */
function Unfinished() {
  const { texts, state, navigation } = useApp();
  const refused = (state.shelf?.people ?? []).filter(({ shares }) => shares.some((share) => share.state === 'refused'));
  return (
    <>
      {state.unfinished.map((invitation) => (
        <UnfinishedRow
          key={toHex(invitation.invitationId)}
          what={texts.unfinished.invitation}
          onGoOn={() => navigation.go({ name: 'invitation', invitation })}
        />
      ))}
      {refused.map(({ id, name }) => (
        <UnfinishedRow
          key={id}
          what={texts.unfinished.share(name ?? texts.person.unnamed)}
          onGoOn={() => navigation.go({ name: 'person', personId: id })}
        />
      ))}
    </>
  );
}

function UnfinishedRow(props: { readonly what: string; readonly onGoOn: () => void }) {
  const { texts } = useApp();
  return (
    <section className="nudge">
      <h2>{texts.unfinished.title}</h2>
      <p>{props.what}</p>
      <Button kind="quiet" onPress={props.onGoOn}>
        {texts.unfinished.goOn}
      </Button>
    </section>
  );
}

/** What rested on this phone was damaged, and came back: all but what was written down here alone. */
function MendedNotice() {
  const { texts, session } = useApp();
  return (
    <section className="notice" role="alert">
      <h2>{texts.mended.title}</h2>
      <p>{texts.mended.text}</p>
      <Button kind="quiet" onPress={() => session.knowMended()}>
        {texts.allowed.done}
      </Button>
    </section>
  );
}

function Empty() {
  const { texts, state, navigation } = useApp();
  return (
    <>
      <Heading>{texts.empty.title}</Heading>
      <ProfileSwitcher />
      <Replacements />
      <Unfinished />
      <p className="lead">{texts.empty.text}</p>
      <Button kind="quiet" onPress={() => navigation.go({ name: 'link' })}>
        {texts.empty.paste}
      </Button>
      {state.phase === 'open' && (
        <Button kind="quiet" onPress={() => navigation.go({ name: 'more' })}>
          {texts.more.title}
        </Button>
      )}
    </>
  );
}

function StudyCard(props: { readonly study: Study }) {
  const { study } = props;
  const { texts, navigation } = useApp();
  const label = study.label ?? texts.study.unnamed;
  return (
    <article className="card">
      <div className="head">
        <Seal state={study.state} />
        <div>
          <h2>
            <bdi>{label}</bdi>
          </h2>
          <p>{study.hospital !== undefined && <bdi>{study.hospital}</bdi>}</p>
          {study.actsFor !== undefined && <p>{whose(texts, study)}</p>}
          <p className={`state ${study.state}`}>{saidOf(texts, study)}</p>
        </div>
        <button
          type="button"
          className="cover"
          aria-label={texts.study.details(label)}
          onClick={() => navigation.go({ name: 'study', studyId: study.id })}
        />
      </div>
      <CardActions study={study} />
    </article>
  );
}

/** What is done most often with a study, one press from home. */
function CardActions(props: { readonly study: Study }) {
  const { study } = props;
  const { texts, navigation } = useApp();
  const { share, view, whoLooked, of } = texts.study;
  const label = study.label ?? texts.study.unnamed;
  const isReady = study.state === 'ready';
  if (study.state === 'being-sealed' || study.state === 'erased') return null;
  return (
    <div className="actions">
      {isReady && (
        <Button kind="quiet" label={of(share, label)} onPress={() => navigation.go({ name: 'share', study })}>
          {share}
        </Button>
      )}
      {isReady && (
        <Button kind="quiet" label={of(view, label)} onPress={() => navigation.go({ name: 'view', study })}>
          {view}
        </Button>
      )}
      <Button
        kind="quiet"
        label={of(whoLooked, label)}
        onPress={() => navigation.go({ name: 'who-looked', studyId: study.id })}
      >
        {whoLooked}
      </Button>
    </div>
  );
}

function People(props: { readonly people: readonly Person[] }) {
  const { people } = props;
  const { texts } = useApp();
  return (
    <section>
      <h2>{people.length === 0 ? texts.home.nobody : texts.home.canSee(people.length)}</h2>
      <ul className="rows">
        {people.map((person) => (
          <li key={person.id}>
            <PersonRow person={person} />
          </li>
        ))}
      </ul>
    </section>
  );
}

/** After the first share, until there are two ways back. */
function SheetNudge() {
  const { texts, navigation } = useApp();
  const [isLater, setLater] = useState(false);
  if (isLater) return null;
  const later = (): void => {
    setLater(true);
    focusTitle();
  };
  return (
    <section className="nudge">
      <h2>{texts.home.sheetTitle}</h2>
      <p>{texts.home.sheetText}</p>
      <div className="pair">
        <Button kind="quiet" onPress={() => navigation.go({ name: 'sheet' })}>
          {texts.sheet.print}
        </Button>
        <Button kind="quiet" onPress={later}>
          {texts.home.later}
        </Button>
      </div>
    </section>
  );
}
