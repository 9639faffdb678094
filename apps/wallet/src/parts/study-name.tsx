import type { Texts } from '../texts/index.js';
import type { Study } from '../model/shelf.js';
import { useApp } from './app-context.js';

/** What a study is called, where it is from, and whose it is when it is somebody else's. */
export function StudyName(props: { readonly study: Study }) {
  const { study } = props;
  const { texts } = useApp();
  return (
    <span>
      <bdi>{study.label ?? texts.study.unnamed}</bdi> <small>{study.hospital}</small>{' '}
      {study.actsFor !== undefined && <small>{whose(texts, study)}</small>}
    </span>
  );
}

/** "MRI, knee and CT, chest, until 22 December 2026" */
export function WhatUntil(props: { readonly studies: readonly Study[]; readonly untilMs: number }) {
  const { texts, dates } = useApp();
  const labels = props.studies.map(({ label }) => label ?? texts.study.unnamed);
  return (
    <span>
      <bdi>{new Intl.ListFormat(texts.locale).format(labels)}</bdi>, {texts.person.until(dates.day(props.untilMs))}
    </span>
  );
}

/** "Maria’s images"; undefined for her own. */
export function whose({ roles }: Texts, { actsFor }: Study): string | undefined {
  return actsFor && roles.imagesOf(actsFor.name ?? roles.unnamed);
}

/** How far a study is, in words. */
export function saidOf(texts: Texts, { state, actsFor }: Study): string {
  return state === 'gone' && actsFor !== undefined ? texts.roles.over : texts.study.states[state];
}
