import { useCallback, useEffect, useState } from 'react';
import type { Look } from '../model/readings.js';
import type { Looks } from '../model/session.js';
import { canStop, type Study } from '../model/shelf.js';
import { type Trouble, TROUBLES } from '../model/trouble.js';
import { useApp } from '../parts/app-context.js';
import { Button } from '../parts/button.js';
import { Heading } from '../parts/heading.js';
import { lookSaid } from '../parts/look-words.js';
import type { Texts } from '../texts/index.js';

/** F5: who looked at one study, or at any: also at those that their hospital does not hold any more. */
export function WhoLooked(props: { readonly studyId: string | undefined }) {
  const { studyId } = props;
  const { texts, session, fail } = useApp();
  const [answer, setAnswer] = useState<Looks>();
  const { studies = [] } = session.getState().shelf ?? {};
  const meant = studies.filter(({ id }) => studyId === undefined || id === studyId);
  const read = useCallback(async () => {
    const all = session.getState().shelf?.studies ?? [];
    const asked = all.filter(({ id, state }) => hasList(state) && (studyId === undefined || id === studyId));
    setAnswer(await session.looks(asked));
  }, [session, studyId]);
  useEffect(() => {
    read().catch((error: unknown) => fail(error, () => void read().catch(fail)));
  }, [read, fail]);
  return (
    <>
      <Heading>{texts.looked.title}</Heading>
      <p className="lead">{texts.looked.text}</p>
      {answer === undefined && <p role="status">{texts.frame.working}</p>}
      {answer?.looks.length === 0 && answer.untold.length === 0 && <p>{texts.looked.nobody}</p>}
      {answer?.untold.map(({ study, trouble }) => (
        <p className="note" key={study.id}>
          {untoldOf(texts, trouble, study.label ?? texts.study.unnamed)}
        </p>
      ))}
      {answer?.untold.some(({ trouble }) => trouble !== 'imagesGone') === true && (
        <Button kind="quiet" onPress={read}>
          {texts.ways.tryAgain}
        </Button>
      )}
      {meant.some(({ state }) => state === 'erased') && <p className="note">{texts.looked.erased}</p>}
      <ul className="rows plain">
        {answer?.looks.map((look) => (
          <li key={look.id}>
            <LookRow look={look} />
          </li>
        ))}
      </ul>
    </>
  );
}

/** Whether a hospital may have a list of who looked: not before there was something to look at, and not after it was erased. */
function hasList(state: Study['state']): boolean {
  return state !== 'being-sealed' && state !== 'erased';
}

/** Why nobody knows who looked at a study. */
function untoldOf({ looked, troubles, ways }: Texts, trouble: Trouble, label: string): string {
  if (trouble === 'imagesGone') return looked.gone(label);
  if (trouble === 'noAnswer') return looked.unanswered(label);
  const code = ways.code(TROUBLES[trouble].helpCode);
  if (trouble === 'answerWrong') return `${looked.unchecked(label)} ${code}`;
  return `${label}: ${troubles[trouble].title}. ${troubles[trouble].text} ${code}`;
}

function LookRow(props: { readonly look: Look }) {
  const { who, study, atMs, allowedAtMs, isEmergency } = props.look;
  const { texts, dates, state, session, navigation } = useApp();
  const [isStrange, setStrange] = useState(false);
  const [isTold, setTold] = useState(false);
  /** Somebody whom she let in; else somebody with a role, she herself, or nobody she knows. */
  const person = typeof who === 'object' && !('role' in who) ? who : undefined;
  const role = typeof who === 'object' && 'role' in who ? who.role : undefined;
  const because =
    person?.reason !== undefined && allowedAtMs !== undefined
      ? texts.looked.because(dates.dayHere(allowedAtMs), person.reason)
      : undefined;
  const why = isEmergency ? texts.looked.emergency : (because ?? byRole(who, texts));
  const hasShare = state.shelf?.people.find(({ id }) => id === person?.id)?.shares.some(canStop) === true;
  const row = lookSaid(props.look, texts);
  const tell = async (): Promise<void> => {
    await session.tellPrivacyOffice(study, texts.looked.message(`${row}, ${dates.moment(atMs)}`));
    setTold(true);
  };
  return (
    <>
      <strong>{row}</strong>
      <span>
        {person?.address !== undefined && <>{person.address}, </>}
        <time dateTime={new Date(atMs).toISOString()}>{dates.moment(atMs)}</time>
        {why !== undefined && <>, {why}</>}
      </span>
      {who !== 'self' && role !== 'owner' && (
        <button type="button" className="link" aria-expanded={isStrange} onClick={() => setStrange(true)}>
          {texts.looked.strange}
        </button>
      )}
      {isStrange && (
        <div className="nudge strange" role="status">
          <p>{isTold ? texts.looked.told : texts.looked.strangeText}</p>
          {hasShare && person !== undefined && (
            <Button kind="stop" onPress={() => navigation.go({ name: 'person', personId: person.id })}>
              {texts.person.stopAll}
            </Button>
          )}
          {!isTold && (
            <Button kind="quiet" onPress={tell}>
              {texts.looked.tell}
            </Button>
          )}
        </div>
      )}
    </>
  );
}

/** Why somebody could read whom she gave no permission. */
function byRole(who: Look['who'], { looked }: Texts): string | undefined {
  if (who === 'self') return looked.self;
  if (who === undefined || !('role' in who)) return undefined;
  return who.role === 'owner' ? looked.owner : looked.delegate;
}
