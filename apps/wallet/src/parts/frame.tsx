import { type ReactNode, useEffect, useRef } from 'react';
import type { Navigation } from '../model/navigation.js';
import { type Trouble, TROUBLES } from '../model/trouble.js';
import type { Texts } from '../texts/index.js';

/** What went wrong, above the screen it happened on: nothing that was typed there is lost. */
export interface Notice {
  readonly trouble: Trouble;
  readonly again?: (() => void) | undefined;
}

/**
 * What is the same on every screen: the way back, and in the same place below it the two ways to help. Beside them, while anybody can see
 * something, the way to stop it.
 */
export function Frame(props: {
  readonly texts: Texts;
  readonly navigation: Navigation;
  /** Whether anybody can be stopped. */
  readonly canStop: boolean;
  readonly notice: Notice | undefined;
  readonly said: string;
  readonly onDismiss: () => void;
  readonly children: ReactNode;
}) {
  const { texts, navigation, notice } = props;
  return (
    <div className="frame">
      <header>
        {navigation.canGoBack && (
          <button type="button" className="link" onClick={navigation.back}>
            <span className="arrow" aria-hidden="true" />
            {texts.frame.back}
          </button>
        )}
      </header>
      <main>
        {notice !== undefined && <TroubleNotice {...props} notice={notice} />}
        {props.children}
      </main>
      <p className="said" role="status">
        {props.said}
      </p>
      <footer>
        <nav aria-label={texts.frame.footer}>
          <button type="button" className="link" onClick={() => navigation.go({ name: 'lost-phone' })}>
            {texts.frame.lostPhone}
          </button>
          <button type="button" className="link" onClick={() => navigation.go({ name: 'help' })}>
            {texts.frame.getHelp}
          </button>
        </nav>
        {props.canStop && navigation.screen.name !== 'stop' && navigation.screen.name !== 'stop-all' && (
          <button type="button" className="link stop" onClick={() => navigation.go({ name: 'stop' })}>
            {texts.stop.open}
          </button>
        )}
      </footer>
    </div>
  );
}

function TroubleNotice(props: {
  readonly texts: Texts;
  readonly navigation: Navigation;
  readonly notice: Notice;
  readonly onDismiss: () => void;
}) {
  const { texts, navigation, notice, onDismiss } = props;
  const box = useRef<HTMLElement>(null);
  useEffect(() => box.current?.focus(), [notice]);
  const { helpCode, wayOn } = TROUBLES[notice.trouble];
  const { title, text } = texts.troubles[notice.trouble];
  const again = (): void => {
    onDismiss();
    notice.again?.();
  };
  return (
    <section ref={box} className="notice" role="alert" tabIndex={-1}>
      <h2>{title}</h2>
      <p>{text}</p>
      {wayOn === 'try-again' && (
        <button type="button" className="button quiet" onClick={again}>
          {texts.ways.tryAgain}
        </button>
      )}
      {wayOn === 'home' && (
        <button type="button" className="button quiet" onClick={navigation.home}>
          {texts.ways.toHome}
        </button>
      )}
      {wayOn === 'lost-phone' && (
        <button type="button" className="button quiet" onClick={() => navigation.go({ name: 'lost-phone' })}>
          {texts.frame.lostPhone}
        </button>
      )}
      <p className="code">{texts.ways.code(helpCode)}</p>
    </section>
  );
}
