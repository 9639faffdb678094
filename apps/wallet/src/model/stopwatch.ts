/**
 * Measures from now how long ago something was, in ms: by the clock that whoever holds the device can turn back, or by the one that may stand
 * still while the device sleeps, whichever says more.
 */
export function startStopwatch(): () => number {
  const wallMs = Date.now();
  const steadyMs = performance.now();
  return () => Math.max(Date.now() - wallMs, performance.now() - steadyMs);
}
