import { createOrigins } from '../src/model/origins.js';
import { type Opening, Session } from '../src/model/session.js';

/** A session on a phone with a PIN, with these profiles in place of what rests there; its holder confirmed just now, for ever. */
export function sessionOn(profiles: object): Promise<Session> {
  return Session.start({
    wrappers: () => Promise.resolve(['pin']),
    origins: createOrigins(),
    prepare: () => Promise.resolve({ profiles } as unknown as Opening),
    startStopwatch: () => () => 0,
    keepStored: () => Promise.resolve(),
  });
}
