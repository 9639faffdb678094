import { type ReactNode, useState } from 'react';
import { useApp } from './app-context.js';

export type ButtonKind = 'main' | 'quiet' | 'stop';

/** A button for work that takes a while: pressed once, it waits for its end, and tells when it failed. */
export function Button(props: {
  readonly children: ReactNode;
  readonly onPress: () => void | Promise<void>;
  readonly kind?: ButtonKind;
  readonly label?: string;
}) {
  const { fail } = useApp();
  const [isBusy, setBusy] = useState(false);
  const press = async (): Promise<void> => {
    if (isBusy) return;
    setBusy(true);
    try {
      await props.onPress();
    } catch (error) {
      fail(error, () => void press());
    } finally {
      setBusy(false);
    }
  };
  return (
    <button
      type="button"
      className={`button ${props.kind ?? 'main'}`}
      aria-label={props.label}
      aria-disabled={isBusy}
      aria-busy={isBusy}
      onClick={() => void press()}
    >
      {props.children}
    </button>
  );
}
