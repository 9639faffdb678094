import { type Role, ROLE_STUDIES_MAX } from '@radledger/handover';
import encodeQR from 'qr';
import { useState } from 'react';
import { offerRole } from '../model/roles.js';
import type { Study } from '../model/shelf.js';
import { useApp } from '../parts/app-context.js';
import { Button } from '../parts/button.js';
import { ForWhom } from '../parts/for-whom.js';
import { Field } from '../parts/field.js';
import { Heading } from '../parts/heading.js';
import { ScanField } from '../parts/scan-field.js';
import { Square } from '../parts/square.js';
import { StudyName } from '../parts/study-name.js';

/** She asks somebody to act for her, or to have her images from now on: the other phone scans this, and answers with a square of its own. */
export function OfferRole(props: { readonly role: Role; readonly studyId: string | undefined }) {
  const { role, studyId } = props;
  const { texts, state, session, open } = useApp();
  const own = (state.shelf?.studies ?? []).filter(
    (study) => study.state === 'ready' && study.actsFor === undefined && (studyId ?? study.id) === study.id,
  );
  const [picked, setPicked] = useState<ReadonlySet<string>>(
    () => new Set(own.slice(0, ROLE_STUDIES_MAX).map(({ id }) => id)),
  );
  const [name, setName] = useState('');
  const [problem, setProblem] = useState<string>();
  const [nameProblem, setNameProblem] = useState<string>();
  const [link, setLink] = useState<string>();
  const [answer, setAnswer] = useState('');
  if (link !== undefined) {
    return (
      <>
        <Heading key="show">{texts.roles.show}</Heading>
        <p className="lead">{texts.roles.showText}</p>
        <Square modules={encodeQR(link, 'raw', { ecc: 'low' })} label={texts.roles.square} />
        <Button kind="quiet" onPress={() => navigator.clipboard.writeText(link)}>
          {texts.share.copy}
        </Button>
        <ScanField label={texts.roles.theirs} value={answer} onText={setAnswer} />
        <Button onPress={() => open(answer)}>{texts.pin.go}</Button>
      </>
    );
  }
  const pick = ({ id }: Study, isPicked: boolean): void =>
    setPicked(new Set(isPicked ? [...picked, id] : [...picked].filter((other) => other !== id)));
  const offer = async (): Promise<void> => {
    const studies = own.filter(({ id }) => picked.has(id));
    const displayName = name.normalize('NFC').trim();
    setProblem(studies.length === 0 || studies.length > ROLE_STUDIES_MAX ? texts.roles.pickSome : undefined);
    setNameProblem(isName(displayName) ? undefined : texts.roles.nameMissing);
    if (studies.length === 0 || studies.length > ROLE_STUDIES_MAX || !isName(displayName)) return;
    setLink(await offerRole(session, { role, displayName, studies }));
  };
  return (
    <>
      <Heading>{texts.roles[role].offer}</Heading>
      <ForWhom />
      <p className="lead">{texts.roles[role].text}</p>
      {own.length === 0 ? (
        <p className="note">{texts.request.noneReady}</p>
      ) : (
        <>
          <fieldset>
            <legend>{texts.request.which}</legend>
            {own.map((study) => (
              <label className="pick" key={study.id}>
                <input
                  type="checkbox"
                  checked={picked.has(study.id)}
                  onChange={(event) => pick(study, event.target.checked)}
                />
                <StudyName study={study} />
              </label>
            ))}
          </fieldset>
          {problem !== undefined && (
            <p className="problem" role="alert">
              {problem}
            </p>
          )}
          <Field
            label={texts.roles.yourName}
            value={name}
            onText={setName}
            problem={nameProblem}
            maxLength={40}
            autoComplete="name"
          />
          <Button onPress={offer}>{texts.pin.go}</Button>
        </>
      )}
    </>
  );
}

/** One line that a person can read: what the links take as a name. */
export function isName(name: string): boolean {
  return name !== '' && !/\p{C}|\p{Zl}|\p{Zp}/u.test(name);
}
