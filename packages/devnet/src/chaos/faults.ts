/** What breaks, and when: drawn from one seed. */
import type { Prng } from '@radledger/simulator';
import type { Disturbance } from './links.js';

export type Fault =
  /** `kill`: SIGKILL, started again at the end; `stop`: SIGSTOP, continued at the end. */
  | { readonly kind: 'kill' | 'stop'; readonly node: number; readonly atMs: number; readonly endMs: number }
  | (Disturbance & { readonly atMs: number; readonly endMs: number });

/** Faults that overlap, and the moment by which all have ended; times count from the start of the round. */
export interface Round {
  readonly faults: readonly Fault[];
  readonly healMs: number;
}

/** A round of 2 to 4 faults; no node is killed or stopped twice in it. */
export function drawRound(prng: Prng, nodeCount: number): Round {
  const healMs = prng.between(1_500, 3_500);
  const untouched = Array.from({ length: nodeCount }, (_, node) => node);
  const faults = Array.from({ length: prng.between(2, 4) }, (): Fault => {
    const atMs = prng.between(0, 1_000);
    const endMs = prng.between(Math.min(atMs + 300, healMs), healMs);
    const draw = prng.between(0, 99);
    if (draw < 50) {
      const [node = 0] = untouched.splice(prng.between(0, untouched.length - 1), 1);
      return { kind: draw < 30 ? 'kill' : 'stop', node, atMs, endMs };
    }
    if (draw < 80) {
      const sides = Array.from({ length: nodeCount }, () => prng.between(0, 1));
      return { kind: 'partition', sides, how: prng.pick(['stall', 'cut', 'one-way'] as const), atMs, endMs };
    }
    const nodes = Array.from({ length: prng.between(1, 3) }, () => prng.between(0, nodeCount - 1));
    return { kind: 'delay', nodes, delayMs: prng.between(20, 400), atMs, endMs };
  });
  return { faults, healMs };
}

/** One line for the log. */
export function describeFault(fault: Fault): string {
  const when = `${fault.atMs}-${fault.endMs} ms`;
  switch (fault.kind) {
    case 'kill':
    case 'stop':
      return `${fault.kind} ${fault.node + 1} (${when})`;
    case 'partition':
      return `${fault.how} ${fault.sides.join('')} (${when})`;
    case 'delay':
      return `delay ${fault.delayMs} ms at ${fault.nodes.map((node) => node + 1).join(',')} (${when})`;
  }
}
