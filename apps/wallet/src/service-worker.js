/**
 * Keeps one whole version of the app on the device: it starts offline, and what runs changes only as a whole, when no page of the
 * old version is open any more. A file that is not the one that was built is refused, and the old version stays. Nothing but the app's
 * own files is ever kept here.
 */
const PINNED = {/* pinned at build */};
const CACHE = `app-${PINNED.version}`;

self.addEventListener('install', (event) => {
  const files = Object.entries(PINNED.files).map(
    ([file, integrity]) => new Request(file, { cache: 'reload', integrity }),
  );
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll([...files, './config.json'])));
});

self.addEventListener('activate', (event) => {
  const removeOthers = async () => {
    for (const name of await caches.keys()) if (name !== CACHE) await caches.delete(name);
    await self.clients.claim();
  };
  event.waitUntil(removeOthers());
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== self.location.origin) return;
  if (url.pathname.endsWith('/config.json')) return event.respondWith(newestOf(request));
  const wanted = request.mode === 'navigate' ? './' : request;
  event.respondWith(caches.open(CACHE).then(async (cache) => (await cache.match(wanted)) ?? fetchLater(cache, request)));
});

/** What is seldom used is fetched when it is used first, refused like the rest when it is not what was built, and kept. */
async function fetchLater(cache, request) {
  const integrity = PINNED.later[`./${request.url.slice(self.registration.scope.length)}`];
  if (integrity === undefined) return fetch(request);
  const answer = await fetch(new Request(request.url, { cache: 'reload', integrity }));
  if (answer.ok) await cache.put(request.url, answer.clone());
  return answer;
}

/** The settings of this place: the newest, or the last that was read. */
async function newestOf(request) {
  const cache = await caches.open(CACHE);
  try {
    const answer = await fetch(request);
    if (answer.ok) await cache.put(request, answer.clone());
    return answer;
  } catch (error) {
    const kept = await cache.match(request);
    if (kept === undefined) throw error;
    return kept;
  }
}
