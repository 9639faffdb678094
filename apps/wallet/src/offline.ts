/** Lets the app start without a network. */
export function keepOffline(): void {
  if (import.meta.env.DEV || !('serviceWorker' in navigator)) return;
  // The page's rules allow one script address to be made from text, and only this one.
  const policy = window.trustedTypes?.createPolicy('radledger-worker', {
    createScriptURL: (address) => {
      if (address !== './service-worker.js') throw new TypeError('no other script');
      return address;
    },
  });
  const address = policy?.createScriptURL('./service-worker.js') ?? './service-worker.js';
  // Without it the app still works online.
  navigator.serviceWorker.register(address as string, { updateViaCache: 'none' }).catch(() => undefined);
}
