import { useState } from 'react';
import { dateField, endOfField } from '../model/dates.js';
import { useApp } from './app-context.js';
import { Field } from './field.js';

/** The day on which something ends: there from the start, to be changed and not to be left out. */
export function EndDate(props: {
  /** Undefined while the field is empty. */
  readonly endMs: number | undefined;
  readonly onEnd: (endMs: number | undefined) => void;
}) {
  const { endMs, onEnd } = props;
  const { texts, dates } = useApp();
  const [isChanging, setChanging] = useState(false);
  if (isChanging) {
    return (
      <Field
        label={texts.request.lastDay}
        type="date"
        autoFocus
        min={dateField(Date.now())}
        value={endMs === undefined ? '' : dateField(endMs)}
        onText={(text) => onEnd(endOfField(text))}
      />
    );
  }
  return (
    <div className="row">
      <p>
        {texts.request.until} <strong>{endMs !== undefined && dates.day(endMs)}</strong>
      </p>
      <button type="button" className="link" onClick={() => setChanging(true)}>
        {texts.request.change}
      </button>
    </div>
  );
}
