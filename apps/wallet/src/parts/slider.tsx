import { useId } from 'react';

/** A labelled slider: by finger, mouse, or arrow keys. */
export function Slider(props: {
  readonly label: string;
  readonly value: number;
  readonly min: number;
  readonly max: number;
  /** The value in words. */
  readonly said?: string;
  readonly onValue: (value: number) => void;
}) {
  const { label, value, min, max, said, onValue } = props;
  const id = useId();
  return (
    <div className="slider">
      <label htmlFor={id}>{label}</label>
      {said !== undefined && <span aria-hidden="true">{said}</span>}
      <input
        id={id}
        type="range"
        value={value}
        min={min}
        max={max}
        aria-valuetext={said}
        onChange={({ target }) => onValue(Number(target.value))}
      />
    </div>
  );
}
