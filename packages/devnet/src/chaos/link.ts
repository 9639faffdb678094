/** One dialled link between two nodes: a TCP relay that can stall, cut and delay what passes. It never looks inside. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/**
 * What a link does. `stall`: bytes of that direction wait, connections live on (packets are lost, TCP keeps trying);
 * `cut`: connections end and new ones are refused (a firewall, an unplugged cable that somebody notices).
 */
export interface LinkState {
  readonly cut: boolean;
  readonly stallForward: boolean;
  readonly stallBackward: boolean;
  /** Added to each byte's way, in both directions. */
  readonly delayMs: number;
}

export const OPEN: LinkState = { cut: false, stallForward: false, stallBackward: false, delayMs: 0 };

export interface Link {
  /** Where the dialling node connects to. */
  readonly port: number;
  set(state: LinkState): void;
  close(): Promise<void>;
}

/** Relays 127.0.0.1:`port` to 127.0.0.1:`targetPort`. */
export async function openLink(targetPort: number): Promise<Link> {
  let state = OPEN;
  const relays = new Set<Relay>();
  const server = createServer((dialled) => {
    if (state.cut) return void dialled.destroy();
    const relay = new Relay(dialled, connect(targetPort, '127.0.0.1'), () => state);
    relays.add(relay);
    relay.closed.then(() => relays.delete(relay)).catch(() => undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    set(next) {
      state = next;
      for (const relay of relays) {
        if (next.cut) relay.end();
        else relay.flush();
      }
    },
    async close() {
      for (const relay of relays) relay.end();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Two sockets, two directions. */
class Relay {
  readonly closed: Promise<void>;
  private readonly directions: readonly [Direction, Direction];

  constructor(
    private readonly dialled: Socket,
    private readonly target: Socket,
    state: () => LinkState,
  ) {
    this.directions = [
      new Direction(dialled, target, () => ({ stalled: state().stallForward, delayMs: state().delayMs })),
      new Direction(target, dialled, () => ({ stalled: state().stallBackward, delayMs: state().delayMs })),
    ];
    this.closed = new Promise((resolve) => {
      for (const socket of [dialled, target]) {
        socket.on('error', () => this.end());
        socket.on('close', () => {
          this.end();
          resolve();
        });
      }
    });
  }

  flush(): void {
    for (const direction of this.directions) direction.flush();
  }

  end(): void {
    for (const direction of this.directions) direction.end();
    this.dialled.destroy();
    this.target.destroy();
  }
}

/** Bytes that wait in memory before the sender is made to wait too. */
const WAITING_BYTES_MAX = 8 * 1024 * 1024;

class Direction {
  private readonly waiting: { readonly bytes: Buffer; readonly arrivedAtMs: number }[] = [];
  private waitingBytes = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly from: Socket,
    private readonly to: Socket,
    private readonly state: () => { readonly stalled: boolean; readonly delayMs: number },
  ) {
    from.on('data', (bytes: Buffer) => {
      this.waiting.push({ bytes, arrivedAtMs: performance.now() });
      this.waitingBytes += bytes.length;
      if (this.waitingBytes > WAITING_BYTES_MAX) from.pause();
      this.flush();
    });
    from.on('end', () => {
      if (this.waiting.length === 0) to.end();
    });
    to.on('drain', () => this.flush());
  }

  /** Passes on, in order, whatever has waited long enough. */
  flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const { stalled, delayMs } = this.state();
    if (stalled) return;
    for (;;) {
      const [first] = this.waiting;
      if (first === undefined) break;
      const waitMs = first.arrivedAtMs + delayMs - performance.now();
      if (waitMs > 0) {
        this.timer = setTimeout(() => this.flush(), Math.ceil(waitMs));
        return;
      }
      this.waiting.shift();
      this.waitingBytes -= first.bytes.length;
      if (!this.to.write(first.bytes)) return; // 'drain' goes on
    }
    if (this.from.isPaused()) this.from.resume();
    if (this.from.readableEnded) this.to.end();
  }

  end(): void {
    clearTimeout(this.timer);
  }
}
