import type { Study } from '../model/shelf.js';
import { useApp } from '../parts/app-context.js';
import { Button } from '../parts/button.js';
import { Heading } from '../parts/heading.js';
import { Seal } from '../parts/seal.js';

/** What was just allowed, and the way to take it back. */
export function Allowed(props: {
  readonly personId: string;
  readonly studies: readonly Study[];
  readonly untilMs: number;
}) {
  const { personId, studies, untilMs } = props;
  const { texts, dates, state, navigation } = useApp();
  const person = state.shelf?.people.find(({ id }) => id === personId);
  const names = studies.map(({ label }) => label ?? texts.study.unnamed);
  const what = new Intl.ListFormat(texts.locale, { type: 'conjunction' }).format(names);
  return (
    <>
      <Seal state="ready" />
      <Heading>{texts.allowed.title(person?.name ?? texts.person.unnamed, what, dates.day(untilMs))}</Heading>
      <p className="lead">{texts.allowed.text}</p>
      <Button onPress={navigation.home}>{texts.allowed.done}</Button>
      <Button kind="quiet" onPress={() => navigation.replace({ name: 'person', personId })}>
        {texts.allowed.stop}
      </Button>
    </>
  );
}
