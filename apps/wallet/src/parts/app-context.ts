/** What every screen may use. */
import { createContext, useContext, useSyncExternalStore } from 'react';
import type { Dates } from '../model/dates.js';
import type { Navigation } from '../model/navigation.js';
import type { Session, SessionState } from '../model/session.js';
import type { PastTrouble } from '../model/trouble.js';
import type { Texts } from '../texts/index.js';

export interface AppParts {
  readonly texts: Texts;
  readonly dates: Dates;
  readonly navigation: Navigation;
  readonly session: Session;
  /** The newest thing that went wrong, for whoever helps. */
  readonly lastTrouble: PastTrouble | undefined;
  /** Shows what went wrong above the screen; `again` is what [Try again] does. */
  readonly fail: (error: unknown, again?: () => void) => void;
  /** Opens a link or the fragment of one; fails when it cannot be read. */
  readonly open: (link: string) => Promise<void>;
}

export const AppContext = createContext<AppParts | undefined>(undefined);

export function useApp(): AppParts & { readonly state: SessionState } {
  const parts = useContext(AppContext);
  if (parts === undefined) throw new TypeError('a screen stands outside the app');
  const state = useSyncExternalStore(parts.session.subscribe, parts.session.getState);
  return { ...parts, state };
}
