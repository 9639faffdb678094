/** A gateway's process that dies at one kill point after the other and is started again each time, at the same address. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createOperatorClient, type OperatorClient } from '@radledger/client';
import { DevnetError, type DevProcess, PROGRAMS, startProcess } from '@radledger/devnet';
import type { KillPoint } from './kill-points.js';

export class MortalGateway {
  /** Kill points that it died at. */
  readonly deaths: KillPoint[] = [];
  #process: DevProcess | undefined;
  #isAlive = false;
  #death: Promise<void> = Promise.resolve();

  private constructor(
    private readonly name: string,
    private readonly folder: string,
    readonly operator: OperatorClient,
    private readonly nextPoint: (index: number) => KillPoint,
  ) {}

  static async create(options: {
    readonly name: string;
    /** Made by `radledger-gateway init`, with `gateway.toml`. */
    readonly folder: string;
    readonly operatorPort: number;
    readonly nextPoint: (index: number) => KillPoint;
  }): Promise<MortalGateway> {
    const { name, folder, operatorPort, nextPoint } = options;
    const bearerToken = (await readFile(join(folder, 'operator-token'), 'utf8')).trim();
    const operator = createOperatorClient({ url: `http://127.0.0.1:${operatorPort}`, bearerToken });
    return new MortalGateway(name, folder, operator, nextPoint);
  }

  /** Settles when the process that runs now is gone. */
  get death(): Promise<void> {
    return this.#death;
  }

  /** Starts it with its next kill point when it is dead, as often as it dies before it listens. */
  async revive(): Promise<void> {
    while (!this.#isAlive) {
      const point = this.nextPoint(this.deaths.length);
      const preload = new URL('crash-point.mjs', import.meta.url).href;
      try {
        await this.#start({
          nodeOptions: ['--import', preload],
          environment: { CRASH_POINT: JSON.stringify(point) },
          onExit: () => this.deaths.push(point),
        });
      } catch (error) {
        if (!(error instanceof DevnetError && error.code === 'PROCESS_FAILED' && error.info.code === 'PROCESS_FAILED'))
          throw error;
        // A process that ends by itself, with an exit code, did not die of a kill point.
        if (error.info.exitCode !== null) throw error;
        this.deaths.push(point);
      }
    }
  }

  /** Starts it without a kill point; it is ended first when it lives. */
  async restart(): Promise<void> {
    await this.stop();
    await this.#start({ nodeOptions: [], environment: {}, onExit: () => undefined });
  }

  async stop(): Promise<void> {
    this.#isAlive = false;
    await this.#process?.stop();
  }

  async #start(how: {
    readonly nodeOptions: readonly string[];
    readonly environment: Readonly<Record<string, string>>;
    readonly onExit: () => void;
  }): Promise<void> {
    const { name, folder } = this;
    const args = ['run', '--config', join(folder, 'gateway.toml')];
    const { nodeOptions, environment } = how;
    const process = await startProcess({
      name,
      script: PROGRAMS.gateway,
      args,
      logFile: join(folder, 'gateway.log'),
      nodeOptions,
      environment,
    });
    this.#process = process;
    this.#isAlive = true;
    this.#death = process.exited.then(() => {
      if (!this.#isAlive || this.#process !== process) return;
      this.#isAlive = false;
      how.onExit();
    });
  }
}
