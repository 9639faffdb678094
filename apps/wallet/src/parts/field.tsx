import { type InputHTMLAttributes, useId } from 'react';

/** A labelled field; what is wrong with it is said beside it, and tied to it. */
export function Field(
  props: Omit<InputHTMLAttributes<HTMLInputElement>, 'id' | 'onChange'> & {
    readonly label: string;
    readonly onText: (text: string) => void;
    readonly problem?: string | undefined;
  },
) {
  const { label, onText, problem, ...input } = props;
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input
        {...input}
        id={id}
        aria-invalid={problem !== undefined}
        aria-describedby={problem === undefined ? undefined : `${id}-problem`}
        onChange={(event) => onText(event.target.value)}
      />
      {problem !== undefined && (
        <p className="problem" id={`${id}-problem`} role="alert">
          {problem}
        </p>
      )}
    </div>
  );
}
