import type { RoleAnswer } from '@radledger/handover';
import { toHex } from '@radledger/primitives';
import { useEffect, useState } from 'react';
import { offeredEnd } from '../model/dates.js';
import { giveRole, showStudiesOf } from '../model/roles.js';
import { useApp } from '../parts/app-context.js';
import { Button } from '../parts/button.js';
import { Confirm } from '../parts/confirm.js';
import { EndDate } from '../parts/end-date.js';
import { ForWhom } from '../parts/for-whom.js';
import { Heading } from '../parts/heading.js';
import { MatchingWords } from '../parts/matching-words.js';
import { StudyName } from '../parts/study-name.js';

/** What she is about to do for good or until a day: said from the bytes of the answer, which are those that are used. */
export function RoleAnswerScreen(props: { readonly answer: RoleAnswer; readonly words: string }) {
  const { answer, words } = props;
  const { role } = answer;
  const { texts, state, session, navigation, fail } = useApp();
  const [ids, setIds] = useState<ReadonlySet<string>>();
  const [endMs, setEndMs] = useState<number | undefined>(() => offeredEnd(0, Date.now()));
  const [problem, setProblem] = useState<string>();
  useEffect(() => {
    showStudiesOf(session, answer).then(setIds, fail);
  }, [session, answer, fail]);
  const studies = (state.shelf?.studies ?? []).filter(({ id }) => ids?.has(id) === true);
  const who = answer.displayName || texts.roles.unnamed;
  const isReady = (): boolean => {
    const hasDay = role === 'owner' || (endMs !== undefined && endMs > Date.now());
    setProblem(hasDay ? undefined : texts.request.pickDate);
    return hasDay;
  };
  const give = async (): Promise<void> => {
    await giveRole(session, answer, endMs ?? 0);
    const [first] = answer.studies;
    if (first !== undefined) navigation.replace({ name: 'chosen', studyId: toHex(first.studyId) });
  };
  return (
    <>
      <Heading>{texts.roles[role].decide(who)}</Heading>
      <p className="badge none">{texts.request.unchecked(who)}</p>
      {ids !== undefined && (
        <>
          <ForWhom />
          <section>
            <h2>{texts.request.which}</h2>
            <ul className="rows plain">
              {studies.map((study) => (
                <li key={study.id}>
                  <StudyName study={study} />
                </li>
              ))}
            </ul>
          </section>
          <section>
            <h2>{texts.roles.means}</h2>
            <ul>
              {texts.roles[role].means.map((line) => (
                <li key={line}>{line}</li>
              ))}
            </ul>
          </section>
          {role === 'delegate' && <EndDate endMs={endMs} onEnd={setEndMs} />}
          <MatchingWords words={words} />
          <p className="note">{texts.roles.compare}</p>
          {problem !== undefined && (
            <p className="problem" role="alert">
              {problem}
            </p>
          )}
          <Confirm again kind={role === 'owner' ? 'stop' : 'main'} isReady={isReady} onConfirmed={give}>
            {texts.roles[role].give}
          </Confirm>
        </>
      )}
      <Button kind="quiet" onPress={navigation.home}>
        {texts.request.notNow}
      </Button>
    </>
  );
}
