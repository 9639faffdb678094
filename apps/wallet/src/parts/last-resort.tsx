import { Component, type ReactNode } from 'react';
import { TROUBLES } from '../model/trouble.js';
import type { Texts } from '../texts/index.js';

/** What is shown when a screen itself broke: a sentence, a help code, and the way to start again. */
export class LastResort extends Component<
  { readonly texts: Texts; readonly children: ReactNode },
  { isBroken: boolean }
> {
  override state = { isBroken: false };

  static getDerivedStateFromError(): { isBroken: boolean } {
    return { isBroken: true };
  }

  override render(): ReactNode {
    if (!this.state.isBroken) return this.props.children;
    const { texts } = this.props;
    const { title, text } = texts.troubles.unknown;
    return (
      <main className="frame" role="alert">
        <h1>{title}</h1>
        <p>{text}</p>
        <p className="code">{texts.ways.code(TROUBLES.unknown.helpCode)}</p>
        <button type="button" className="button" onClick={() => window.location.reload()}>
          {texts.ways.tryAgain}
        </button>
      </main>
    );
  }
}
