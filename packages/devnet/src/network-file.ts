/** `.radledger/dev/network.json`: what runs where, for whoever wants to talk to the local net. One line of JSON. */
import { rename, writeFile } from 'node:fs/promises';

/** Keys and ids are 64 lower-case hex digits; paths are relative to the folder of the file. */
export interface NetworkFile {
  readonly chainId: string;
  readonly nodes: readonly { readonly name: string; readonly nodeKey: string; readonly api: string }[];
  readonly sources: readonly {
    readonly name: string;
    readonly repositoryUniqueId: string;
    readonly iti43: string;
    readonly api: string;
    readonly tlsCertificateFile: string;
    readonly tlsPin: string;
  }[];
  /** Address of the patient's app. */
  readonly wallet: string;
  /** `keyFile`: PEM PKCS#8, mode 0600. */
  readonly recipients: readonly { readonly name: string; readonly publicKey: string; readonly keyFile: string }[];
  /** `recipient`: public key of a recipient with a live grant. */
  readonly studies: readonly {
    readonly repositoryUniqueId: string;
    readonly documentUniqueId: string;
    readonly studyInstanceUid: string;
    readonly recipient: string;
    readonly instances: number;
    readonly zipSha256: string;
  }[];
}

/** Writes the file at once: a reader sees the old one or the whole new one. */
export async function writeNetworkFile(path: string, network: NetworkFile): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  await writeFile(temporary, `${JSON.stringify(network)}\n`);
  await rename(temporary, path);
}
