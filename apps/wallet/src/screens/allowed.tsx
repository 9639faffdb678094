import type { Study } from '../model/shelf.js';
import { useApp } from '../parts/app-context.js';
import { Button } from '../parts/button.js';
import { Heading } from '../parts/heading.js';
import { Seal } from '../parts/seal.js';

/** What was just allowed, as far as it is sealed, and the way to take it back. */
export function Allowed(props: {
  readonly personId: string;
  readonly studies: readonly Study[];
  readonly untilMs: number;
}) {
  const { personId, studies, untilMs } = props;
  const { texts, dates, state, session, navigation } = useApp();
  const person = state.shelf?.people.find(({ id }) => id === personId);
  const who = person?.name ?? texts.person.unnamed;
  const isLive = (study: Study): boolean =>
    person?.shares.some((share) => share.study.id === study.id && share.state === 'live') === true;
  const list = (some: readonly Study[]): string =>
    new Intl.ListFormat(texts.locale).format(some.map(({ label }) => label ?? texts.study.unnamed));
  const live = studies.filter(isLive);
  const held = (person?.shares ?? []).flatMap(({ study, heldUntilMs }) =>
    heldUntilMs === undefined ? [] : [{ study, heldUntilMs }],
  );
  return (
    <>
      <Seal state={live.length > 0 ? 'ready' : 'being-sealed'} />
      <Heading>
        {live.length > 0 ? texts.allowed.title(who, list(live), dates.day(untilMs)) : texts.allowed.waitingTitle(who)}
      </Heading>
      {live.length > 0 && <p className="lead">{texts.allowed.text}</p>}
      {live.length === 0 && held.length === 0 && <p className="lead">{texts.allowed.waitingText}</p>}
      {held.map(({ study, heldUntilMs }) => (
        <p key={study.id}>{texts.allowed.later(study.label ?? texts.study.unnamed, dates.time(heldUntilMs))}</p>
      ))}
      {held.length > 0 && (
        <>
          <p className="note">{texts.allowed.laterText}</p>
          <Button kind="quiet" onPress={() => session.sendNow()}>
            {texts.allowed.sendNow}
          </Button>
        </>
      )}
      <Button onPress={navigation.home}>{texts.allowed.done}</Button>
      <Button kind="quiet" onPress={() => navigation.replace({ name: 'person', personId })}>
        {texts.allowed.stop}
      </Button>
    </>
  );
}
