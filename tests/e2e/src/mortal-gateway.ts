/** A gateway's process that dies at one kill point after the other and is started again at once each time, as by its supervisor, at the same address. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createOperatorClient, type OperatorClient } from '@radledger/client';
import { DevnetError, type DevProcess, PROGRAMS, startProcess } from '@radledger/devnet';
import type { KillPoint } from './kill-points.js';

const PRELOAD = new URL('crash-point.mjs', import.meta.url).href;

export class MortalGateway {
  /** Kill points that it died at. */
  readonly deaths: KillPoint[] = [];
  #process: DevProcess | undefined;
  #death: Promise<void> = Promise.resolve();
  #ready: Promise<void> = Promise.resolve();
  #isRetired = false;

  private constructor(
    private readonly name: string,
    private readonly folder: string,
    readonly operator: OperatorClient,
    private readonly nextPoint: (index: number) => KillPoint,
  ) {}

  /** Starts it with its first kill point. */
  static async start(options: {
    readonly name: string;
    /** Made by `radledger-gateway init`, with `gateway.toml`. */
    readonly folder: string;
    readonly operatorPort: number;
    readonly nextPoint: (index: number) => KillPoint;
  }): Promise<MortalGateway> {
    const { name, folder, operatorPort, nextPoint } = options;
    const bearerToken = (await readFile(join(folder, 'operator-token'), 'utf8')).trim();
    const operator = createOperatorClient({ url: `http://127.0.0.1:${operatorPort}`, bearerToken });
    const gateway = new MortalGateway(name, folder, operator, nextPoint);
    gateway.#revive();
    return gateway;
  }

  /** Settles when it listens; rejects when it ended by itself instead. */
  get ready(): Promise<void> {
    return this.#ready;
  }

  /** Settles when the process that runs now is gone. */
  get death(): Promise<void> {
    return this.#death;
  }

  /** Ends it for good. */
  async stop(): Promise<void> {
    this.#isRetired = true;
    await this.#ready;
    await this.#process?.stop();
  }

  /** Ends it, and starts it once more, without a kill point. */
  async restart(): Promise<void> {
    await this.stop();
    this.#process = await this.#startProcess([], {});
  }

  #revive(): void {
    this.#ready = this.#untilListening();
    // Whoever does the next step hears of it.
    this.#ready.catch(() => undefined);
  }

  /** As often as it dies before it listens. */
  async #untilListening(): Promise<void> {
    while (!this.#isRetired) {
      const point = this.nextPoint(this.deaths.length);
      try {
        const process = await this.#startProcess(['--import', PRELOAD], { CRASH_POINT: JSON.stringify(point) });
        this.#process = process;
        this.#death = process.exited.then(() => {
          if (this.#isRetired) return;
          this.deaths.push(point);
          this.#revive();
        });
        return;
      } catch (error) {
        // What ends by itself has an exit code: it did not die of a kill point.
        const isKilled =
          error instanceof DevnetError && error.info.code === 'PROCESS_FAILED' && error.info.exitCode === null;
        if (!isKilled) throw error;
        this.deaths.push(point);
      }
    }
  }

  #startProcess(nodeOptions: readonly string[], environment: Readonly<Record<string, string>>): Promise<DevProcess> {
    const { name, folder } = this;
    const args = ['run', '--config', join(folder, 'gateway.toml')];
    const logFile = join(folder, 'gateway.log');
    return startProcess({ name, script: PROGRAMS.gateway, args, logFile, nodeOptions, environment });
  }
}
