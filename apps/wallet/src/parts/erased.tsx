import { decodeErasureNote } from '@radledger/handover';
import { useEffect, useState } from 'react';
import type { Study } from '../model/shelf.js';
import { useApp } from './app-context.js';
import { Heading } from './heading.js';

/** Images that their hospital erased: that it did, what stays, and its signed note to keep. */
export function Erased(props: { readonly study: Study; readonly encoded: Uint8Array }) {
  const { study, encoded } = props;
  const { texts, dates } = useApp();
  const [address, setAddress] = useState<string>();
  useEffect(() => {
    const made = URL.createObjectURL(new Blob([new Uint8Array(encoded)]));
    setAddress(made);
    return () => URL.revokeObjectURL(made);
  }, [encoded]);
  const { erasedAtMs, stays } = decodeErasureNote(encoded);
  const told = texts.erased;
  return (
    <>
      <Heading>{texts.study.states.erased}</Heading>
      <p className="lead">{told.text(study.hospital ?? texts.study.unnamedHospital, dates.dayHere(erasedAtMs))}</p>
      <h2>{told.stays}</h2>
      <ul>
        {stays.map(({ what, untilMs }) => (
          <li key={what}>
            {told.parts[what]}
            {untilMs !== undefined && ` ${told.until(dates.day(untilMs))}`}
          </li>
        ))}
      </ul>
      <a className="button" href={address} download={told.fileName}>
        {told.save}
      </a>
      <p className="note">{told.saveText}</p>
    </>
  );
}
