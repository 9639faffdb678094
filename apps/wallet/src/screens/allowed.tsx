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
  const { texts, dates, state, navigation } = useApp();
  const person = state.shelf?.people.find(({ id }) => id === personId);
  const who = person?.name ?? texts.person.unnamed;
  const isLive = (study: Study): boolean =>
    person?.shares.some((share) => share.study.id === study.id && share.state === 'live') === true;
  const list = (some: readonly Study[]): string =>
    new Intl.ListFormat(texts.locale).format(some.map(({ label }) => label ?? texts.study.unnamed));
  const live = studies.filter(isLive);
  const later = studies.filter((study) => !isLive(study));
  return (
    <>
      <Seal state={live.length > 0 ? 'ready' : 'being-sealed'} />
      <Heading>
        {live.length > 0 ? texts.allowed.title(who, list(live), dates.day(untilMs)) : texts.allowed.waitingTitle(who)}
      </Heading>
      <p className="lead">{live.length > 0 ? texts.allowed.text : texts.allowed.waitingText}</p>
      {live.length > 0 && later.length > 0 && <p className="note">{texts.allowed.later(list(later))}</p>}
      <Button onPress={navigation.home}>{texts.allowed.done}</Button>
      <Button kind="quiet" onPress={() => navigation.replace({ name: 'person', personId })}>
        {texts.allowed.stop}
      </Button>
    </>
  );
}
