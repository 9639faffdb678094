/** Every link of a full mesh: what a partition or a slow line does to each. */
import { type Link, type LinkState, OPEN, openLink } from './link.js';

/** A disturbance of some links; several add up. */
export type Disturbance =
  /** Sides by node; links between different sides are affected. `oneWay`: only what side 0 sends is lost. */
  | { readonly kind: 'partition'; readonly sides: readonly number[]; readonly how: 'stall' | 'cut' | 'one-way' }
  /** Links of these nodes to everyone are slower. */
  | { readonly kind: 'delay'; readonly nodes: readonly number[]; readonly delayMs: number };

export class Links {
  private readonly links: { readonly from: number; readonly to: number; readonly link: Link }[] = [];
  private readonly disturbances = new Set<Disturbance>();

  /** Puts a link between a dialling node and the port of another. @returns the port to dial instead */
  async add(from: number, to: number, targetPort: number): Promise<number> {
    const link = await openLink(targetPort);
    this.links.push({ from, to, link });
    return link.port;
  }

  disturb(disturbance: Disturbance): void {
    this.disturbances.add(disturbance);
    this.apply();
  }

  end(disturbance: Disturbance): void {
    this.disturbances.delete(disturbance);
    this.apply();
  }

  async close(): Promise<void> {
    await Promise.all(this.links.map(({ link }) => link.close()));
  }

  private apply(): void {
    for (const { from, to, link } of this.links) {
      let state = OPEN;
      for (const disturbance of this.disturbances) state = disturbed(state, disturbance, from, to);
      link.set(state);
    }
  }
}

function disturbed(state: LinkState, disturbance: Disturbance, from: number, to: number): LinkState {
  if (disturbance.kind === 'delay') {
    const { nodes, delayMs } = disturbance;
    return nodes.includes(from) || nodes.includes(to) ? { ...state, delayMs: state.delayMs + delayMs } : state;
  }
  const { sides, how } = disturbance;
  const [fromSide, toSide] = [sides[from], sides[to]];
  if (fromSide === toSide) return state;
  if (how === 'cut') return { ...state, cut: true };
  return {
    ...state,
    stallForward: state.stallForward || how === 'stall' || fromSide === 0,
    stallBackward: state.stallBackward || how === 'stall' || toSide === 0,
  };
}
