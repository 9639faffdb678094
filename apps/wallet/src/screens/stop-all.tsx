import { useState } from 'react';
import { useApp } from '../parts/app-context.js';
import { Button } from '../parts/button.js';
import { ForWhom } from '../parts/for-whom.js';
import { Heading } from '../parts/heading.js';

/** One question, then everybody is stopped; and what she does next when somebody else can open her images. */
export function StopAll() {
  const { texts, state, session, navigation, fail } = useApp();
  const [phase, setPhase] = useState<'asking' | 'stopping' | 'looking' | 'stopped'>('asking');
  const stop = (): void => {
    setPhase('stopping');
    const stopped = async (): Promise<void> => {
      await session.stopEveryone();
      await session.knowDevices(); // she was asked, and said no
      setPhase('looking');
      await session.stopUnknown();
      setPhase('stopped');
    };
    stopped().catch((error: unknown) => fail(error, stop));
  };
  if (phase === 'asking') {
    return (
      <>
        <Heading>{texts.stopAll.title}</Heading>
        <ForWhom />
        <p className="lead">{texts.stopAll.text}</p>
        <div className="pair">
          <Button kind="stop" onPress={stop}>
            {texts.stopAll.open}
          </Button>
          <Button kind="quiet" onPress={navigation.back}>
            {texts.person.keep}
          </Button>
        </div>
      </>
    );
  }
  const { people = [], studies = [] } = state.shelf ?? {};
  const isStopping =
    phase === 'stopping' || people.some(({ shares }) => shares.some((share) => share.state === 'stopping'));
  const hospitals = new Set(studies.map(({ hospital }) => hospital ?? texts.study.unnamedHospital));
  return (
    <>
      <Heading key="done">{isStopping ? texts.person.stopping : texts.stopAll.done}</Heading>
      <p className="note" role="status">
        {phase === 'looking' && texts.stopAll.looking}
      </p>
      <section>
        <h2>{texts.stopAll.next}</h2>
        <ol>
          {[texts.stopAll.desk([...hospitals].join(', ')), ...texts.stopAll.steps].map((step) => (
            <li key={step}>{step}</li>
          ))}
        </ol>
      </section>
      <Button onPress={navigation.home}>{texts.allowed.done}</Button>
    </>
  );
}
