/** The whole local net: four nodes, the gateway of a hospital with a real archive, the gateway of a practice. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createNodeClient, createOperatorClient, type OperatorClient } from '@radledger/client';
import { createSigner, decodePrivateKeyPem, fromHex, toHex } from '@radledger/primitives';
import { allSettled } from './all-settled.js';
import type { ConsensusChoice } from './consensus-choice.js';
import { createNodes, type DevNodes, proveKeys } from './dev-nodes.js';
import { type DevProcess, startProcess } from './dev-process.js';
import { copySeries } from './dicom-series.js';
import type { NetworkFile } from './network-file.js';
import { PROGRAMS } from './programs.js';
import { runJsonTool } from './run-tool.js';
import type { StoryCast } from './story.js';
import { startWalletServer } from './wallet-server.js';

export interface LocalNet {
  readonly cast: StoryCast;
  /** The network file, but for the studies. */
  readonly network: Omit<NetworkFile, 'studies'>;
  /** Every process, in the order of their starts. */
  readonly processes: readonly DevProcess[];
  stop(): Promise<void>;
}

/** What a gateway's configuration says of its archive: lines of TOML that may open a table of their own. */
export interface Archives {
  /** Below `[source]`. */
  readonly hospital: string;
  /** Below `[recipient]`. */
  readonly practice: string;
}

/** What the practice calls itself. */
const PRACTICE = 'Lakeside Orthopaedics';
const FOLDERS: Archives = { hospital: 'folder = "archive"\n', practice: 'folder = "received"\n' };

/**
 * Makes everything in an empty folder and starts it; what was started is stopped again when a part fails.
 * @param options.onStarted - told of each process as it listens
 * @param options.consensus - default `simplex`
 * @param options.archives - default folders, the hospital's with an MR series
 * @param options.missesPerMinute - what the hospital lets keys ask for in vain; default more than any run asks for
 */
export async function startLocalNet(
  folder: string,
  options: {
    readonly onStarted: (process: DevProcess) => void;
    readonly consensus?: ConsensusChoice;
    readonly archives?: Archives;
    readonly missesPerMinute?: number;
  },
): Promise<LocalNet> {
  const { onStarted, consensus, archives = FOLDERS, missesPerMinute = 1_000_000 } = options;
  const hospitalFolder = join(folder, 'hospital');
  const practiceFolder = join(folder, 'practice');
  const hospitalKeys = await initGateway(hospitalFolder, 'source');
  await initGateway(practiceFolder, 'recipient');
  const source = hospitalKeys['sourceId'] as string;
  await mkdir(join(folder, 'patient'), { mode: 0o700 });
  await copySeries(join(hospitalFolder, 'archive'));

  const processes: DevProcess[] = [];
  const wallet = await startWalletServer();
  const stop = async (): Promise<void> => {
    await Promise.all([wallet.stop(), ...processes.map((process) => process.stop())]);
  };
  const started = async (starting: Promise<DevProcess>): Promise<DevProcess> => {
    const process = await starting;
    processes.push(process);
    onStarted(process);
    return process;
  };
  try {
    const net = await createNodes({ folder, firstSource: source, ...(consensus && { consensus }) });
    await allSettled(net.nodes.map((_, index) => started(net.start(index))));
    await writeGatewayConfigs({
      net,
      archives,
      missesPerMinute,
      walletPage: wallet.url,
      hospitalFolder,
      practiceFolder,
    });
    const [hospital, practice] = (await allSettled([
      started(startGateway('hospital', hospitalFolder, folder)),
      started(startGateway('practice', practiceFolder, folder)),
    ])) as [DevProcess, DevProcess];
    wallet.configure({
      genesis: JSON.parse(await readFile(net.genesisFile, 'utf8')) as unknown,
      nodes: net.nodes.map(({ api }) => api),
      gateways: [hospital.listening['api'] as string],
    });
    const recipient = await createSigner(
      decodePrivateKeyPem(await readFile(join(practiceFolder, 'recipient.pem'), 'utf8')),
    );
    const iti43 = hospital.listening['iti43'] as string;
    const tlsPin = hospitalKeys['tlsPin'] as string;
    const [firstNode] = net.nodes;
    return {
      cast: {
        node: createNodeClient({ url: firstNode?.api as string }),
        hospital: {
          operator: await operatorOf(hospital, hospitalFolder),
          source,
          iti43: { url: iti43, pin: fromHex(tlsPin) },
          archive: join(hospitalFolder, 'archive'),
          keyProofs: await proveKeys(net, source),
        },
        practice: { operator: await operatorOf(practice, practiceFolder), recipient },
        patient: { folder: join(folder, 'patient'), nodeApi: net.nodes[2]?.api as string },
      },
      network: {
        chainId: toHex(net.chainId),
        nodes: net.nodes.map(({ name, nodeKey, api }) => ({ name, nodeKey, api })),
        sources: [
          {
            name: 'City Hospital',
            repositoryUniqueId: source,
            iti43,
            api: hospital.listening['api'] as string,
            tlsCertificateFile: 'hospital/tls-cert.pem',
            tlsPin,
          },
        ],
        wallet: wallet.url,
        recipients: [{ name: PRACTICE, publicKey: toHex(recipient.publicKey), keyFile: 'practice/recipient.pem' }],
      },
      processes,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function initGateway(folder: string, role: 'source' | 'recipient'): Promise<Record<string, unknown>> {
  const args = ['init', '--folder', folder, '--role', role];
  return (await runJsonTool('radledger-gateway init', PROGRAMS.gateway, args)) as Record<string, unknown>;
}

async function writeGatewayConfigs(input: {
  readonly net: DevNodes;
  readonly archives: Archives;
  readonly missesPerMinute: number;
  /** The page that links open. */
  readonly walletPage: string;
  readonly hospitalFolder: string;
  readonly practiceFolder: string;
}): Promise<void> {
  const { net, archives, missesPerMinute, walletPage, hospitalFolder, practiceFolder } = input;
  // Everybody here has one address.
  const listeners =
    '[api]\nhost = "127.0.0.1"\nport = 0\nrequestsPerMinute = 1000000\nrefusedPerMinute = 1000000\n\n[operator]\nhost = "127.0.0.1"\nport = 0\n';
  // Each site asks its own operator's node, and believes only what is proven.
  const finality = '[finality]\ngenesis = "../genesis.json"\n';
  const head = (index: number): string =>
    `node = "${net.nodes[index]?.api}"\nchainId = "${toHex(net.chainId)}"\nwalletPage = "${walletPage}"\n\n${listeners}\n${finality}\n`;
  // Studies are there before the net is, and scripts wait for none.
  const source = `[source]\nsettleSeconds = 0\nidentityCheckedBy = "photo-id"\n${archives.hospital}\n[source.iti43]\nhost = "127.0.0.1"\nport = 0\nconnectionsPerAddress = 0\nrequestsPerMinute = 1000000\nmissesPerMinute = ${missesPerMinute}\n`;
  const contact = 'privacyContact = "privacy@city-hospital.example"\n';
  await writeFile(join(hospitalFolder, 'gateway.toml'), contact + head(0) + source);
  await writeFile(
    join(practiceFolder, 'gateway.toml'),
    `${head(1)}[recipient]\nallowLoopback = true\ndisplayName = "${PRACTICE}"\n${archives.practice}`,
  );
}

function startGateway(name: string, folder: string, logFolder: string): Promise<DevProcess> {
  const args = ['run', '--config', join(folder, 'gateway.toml')];
  return startProcess({ name, script: PROGRAMS.gateway, args, logFile: join(logFolder, `${name}.log`) });
}

async function operatorOf(gateway: DevProcess, folder: string): Promise<OperatorClient> {
  const bearerToken = (await readFile(join(folder, 'operator-token'), 'utf8')).trim();
  return createOperatorClient({ url: gateway.listening['operator'] as string, bearerToken });
}
