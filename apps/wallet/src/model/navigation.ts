/** The screens, and the way between them. The address never changes: the browser's history holds a number and nothing else. */
import { useCallback, useEffect, useState } from 'react';
import type { Invitation, Role, RoleAnswer, RoleOffer, SignedImageRequest } from '@radledger/handover';
import type { Study } from './shelf.js';

export type Screen =
  | { readonly name: 'home' }
  | { readonly name: 'invitation'; readonly invitation: Invitation }
  | { readonly name: 'request'; readonly request: SignedImageRequest }
  | {
      readonly name: 'allowed';
      readonly personId: string;
      readonly studies: readonly Study[];
      readonly untilMs: number;
    }
  | { readonly name: 'study'; readonly studyId: string }
  | { readonly name: 'share'; readonly study: Study }
  | { readonly name: 'view'; readonly study: Study }
  | { readonly name: 'copy'; readonly study: Study }
  | { readonly name: 'link' }
  | { readonly name: 'person'; readonly personId: string }
  | { readonly name: 'agreed'; readonly personId: string }
  | { readonly name: 'who-looked'; readonly studyId?: string }
  | { readonly name: 'offer-role'; readonly role: Role; readonly studyId?: string }
  | { readonly name: 'role-offer'; readonly offer: RoleOffer }
  | { readonly name: 'role-answer'; readonly answer: RoleAnswer; readonly words: string }
  | { readonly name: 'chosen'; readonly studyId: string }
  | { readonly name: 'sheet' }
  | { readonly name: 'helpers' }
  | { readonly name: 'stop' }
  | { readonly name: 'stop-all' }
  | { readonly name: 'more' }
  | { readonly name: 'add-profile' }
  | { readonly name: 'change-pin' }
  | { readonly name: 'old-phone' }
  | { readonly name: 'new-phone' }
  | { readonly name: 'lost-phone' }
  | { readonly name: 'restore'; readonly forName?: string }
  | { readonly name: 'ask-helpers'; readonly forName?: string }
  | { readonly name: 'help' };

export interface Navigation {
  readonly screen: Screen;
  readonly canGoBack: boolean;
  readonly go: (screen: Screen) => void;
  /** Takes the place of the screen that is shown: what was done is not done again by going back. */
  readonly replace: (screen: Screen) => void;
  /** Home, with nothing behind it. */
  readonly home: () => void;
  readonly back: () => void;
}

export function useNavigation(first: Screen): Navigation {
  const [stack, setStack] = useState<readonly Screen[]>([first]);
  useEffect(() => {
    // After a reload the browser still has the number of the screen that was left.
    window.history.replaceState({ depth: 1 }, '');
    const onPop = (event: PopStateEvent): void => {
      const depth = (event.state as { depth?: number } | null)?.depth ?? 1;
      setStack((current) => (depth <= current.length ? current.slice(0, Math.max(depth, 1)) : current));
    };
    window.addEventListener('popstate', onPop);
    return () => window.removeEventListener('popstate', onPop);
  }, []);
  const depth = stack.length;
  const go = useCallback(
    (screen: Screen) => {
      window.history.pushState({ depth: depth + 1 }, '');
      setStack((current) => [...current, screen]);
    },
    [depth],
  );
  const replace = useCallback((screen: Screen) => setStack((current) => [...current.slice(0, -1), screen]), []);
  const home = useCallback(() => {
    window.history.replaceState({ depth: 1 }, '');
    setStack([{ name: 'home' }]);
  }, []);
  const back = useCallback(() => (depth > 1 ? window.history.back() : setStack([{ name: 'home' }])), [depth]);
  const screen = stack[depth - 1] ?? first;
  return { screen, canGoBack: depth > 1 || screen.name !== 'home', go, replace, home, back };
}
