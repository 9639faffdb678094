import type { RoleOffer } from '@radledger/handover';
import { toHex } from '@radledger/primitives';
import encodeQR from 'qr';
import { useEffect, useState } from 'react';
import type { Confirmation } from '../model/confirmation.js';
import { answerOffer } from '../model/roles.js';
import { useApp } from '../parts/app-context.js';
import { Button } from '../parts/button.js';
import { Confirm } from '../parts/confirm.js';
import { Field } from '../parts/field.js';
import { Heading } from '../parts/heading.js';
import { MatchingWords } from '../parts/matching-words.js';
import { ProfileSwitcher } from '../parts/profile-switcher.js';
import { Square } from '../parts/square.js';
import { isName } from './offer-role.js';

/** Somebody asks her to act for them, or to have their images from now on. Agreeing gives nothing yet: it makes the square that they scan. */
export function RoleOfferScreen(props: { readonly offer: RoleOffer }) {
  const { offer } = props;
  const { texts, session, navigation } = useApp();
  const [name, setName] = useState('');
  const [problem, setProblem] = useState<string>();
  const [answer, setAnswer] = useState<{ readonly link: string; readonly words: string }>();
  const who = offer.displayName || texts.roles.unnamed;
  const displayName = name.normalize('NFC').trim();
  const agree = async (how: Confirmation): Promise<void> => {
    const isFirst = session.getState().phase !== 'open';
    await session.open(how);
    // For whom she agrees is known only to her.
    if (isFirst && session.getState().profiles.length > 1) return;
    setAnswer(await answerOffer(session, { offer, displayName }));
  };
  if (answer !== undefined) {
    return (
      <>
        <Heading key="show">{texts.roles.agreed(who)}</Heading>
        <p className="lead">{texts.roles.agreedText}</p>
        <Square modules={encodeQR(answer.link, 'raw', { ecc: 'low' })} label={texts.roles.square} />
        <Button kind="quiet" onPress={() => navigator.clipboard.writeText(answer.link)}>
          {texts.share.copy}
        </Button>
        <MatchingWords words={answer.words} />
        <Button
          onPress={async () => {
            await session.refresh();
            navigation.home();
          }}
        >
          {texts.allowed.done}
        </Button>
      </>
    );
  }
  return (
    <>
      <Heading>{texts.roles[offer.role].asked(who)}</Heading>
      <p className="badge none">{texts.request.unchecked(who)}</p>
      <p className="lead">{texts.roles[offer.role].askedText}</p>
      <Hospitals offer={offer} />
      <ProfileSwitcher legend={texts.roles.whoAgrees} />
      <Field
        label={texts.roles.yourName}
        value={name}
        onText={setName}
        problem={problem}
        maxLength={40}
        autoComplete="name"
      />
      <Confirm
        isReady={() => {
          setProblem(isName(displayName) ? undefined : texts.roles.nameMissing);
          return isName(displayName);
        }}
        onConfirmed={agree}
      >
        {texts.roles.agree}
      </Confirm>
      <Button kind="quiet" onPress={navigation.home}>
        {texts.request.notNow}
      </Button>
    </>
  );
}

/** How many studies of which hospital; what they are is told when they are hers. */
function Hospitals(props: { readonly offer: RoleOffer }) {
  const { studies } = props.offer;
  const { texts, session } = useApp();
  const [names, setNames] = useState<readonly (string | undefined)[]>([]);
  useEffect(() => {
    const asked = studies.map(({ source }) => session.nameOf(source).catch(() => undefined));
    void Promise.all(asked).then(setNames);
  }, [session, studies]);
  const counts = new Map<string, { readonly name: string; readonly count: number }>();
  for (const [at, { source }] of studies.entries()) {
    const id = toHex(source);
    const name = names[at] ?? texts.study.unnamedHospital;
    counts.set(id, { name, count: (counts.get(id)?.count ?? 0) + 1 });
  }
  return (
    <ul className="rows plain">
      {[...counts].map(([id, { name, count }]) => (
        <li key={id}>
          <bdi>{name}</bdi>
          <span>{texts.roles.count(count)}</span>
        </li>
      ))}
    </ul>
  );
}
