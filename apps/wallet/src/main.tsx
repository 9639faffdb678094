/** Starts the app: language, and what rests on this device. */
import { wrappersInBrowser } from '@radledger/wallet';
import { createRoot } from 'react-dom/client';
import { App } from './app.js';
import { createDates } from './model/dates.js';
import { keepStored } from './model/keep-stored.js';
import { Session } from './model/session.js';
import { createOrigins } from './model/origins.js';
import { startStopwatch } from './model/stopwatch.js';
import { LastResort } from './parts/last-resort.js';
import { keepOffline } from './offline.js';
import { loadTexts } from './texts/index.js';
import './style.css';

const texts = await loadTexts(navigator.languages);
document.documentElement.lang = texts.locale;
document.documentElement.dir = texts.direction;
document.title = texts.appName;

const locale = navigator.languages.find((tag) => tag.startsWith(texts.locale)) ?? texts.locale;
const start = (): Promise<Session> => {
  const origins = createOrigins();
  return Session.start({
    wrappers: wrappersInBrowser,
    origins,
    keepStored: () => keepStored(navigator.storage),
    startStopwatch,
    prepare: async () => (await import('./model/opening.js')).prepare(origins, texts.appName),
  });
};

createRoot(document.getElementById('app') as HTMLElement).render(
  <LastResort texts={texts}>
    <App texts={texts} dates={createDates(locale)} start={start} />
  </LastResort>,
);
keepOffline();
