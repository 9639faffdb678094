/** What a web page does with a light client; bundled and run in Chromium. */
import { DEFAULT_PARAMETERS, parseCheckpoint } from '@radledger/chain';
import { createLightClient, createNodeClient, type Fetch } from '@radledger/client';
import { createFinalityVerifier } from '@radledger/consensus';
import { simplex } from '@radledger/consensus-simplex';
import { fromHex } from '@radledger/primitives';

export interface ReadGrants {
  readonly url: string;
  readonly chainId: string;
  readonly checkpoint: string;
  readonly epochHeights: number;
  readonly nowMs: number;
  readonly source: string;
  readonly studyId: string;
  readonly tags: readonly string[];
  readonly rounds: number;
}

/** One walk from the checkpoint to the verdicts on some grants. */
export interface GrantReading {
  readonly statuses: readonly string[];
  readonly milliseconds: number;
  readonly bytes: number;
  readonly checkpoint: number;
}

/** Each round begins anew at the checkpoint. */
export async function readGrants(input: ReadGrants): Promise<readonly GrantReading[]> {
  const readings: GrantReading[] = [];
  for (let round = 0; round < input.rounds; round += 1) readings.push(await readOnce(input));
  return readings;
}

async function readOnce({
  url,
  chainId,
  checkpoint,
  epochHeights,
  nowMs,
  source,
  studyId,
  tags,
}: ReadGrants): Promise<GrantReading> {
  let bytes = 0;
  const counting: Fetch = async (address, init) => {
    const response = await fetch(address, init);
    const body = await response.arrayBuffer();
    bytes += body.byteLength;
    return new Response(body, { status: response.status, headers: response.headers });
  };
  const started = performance.now();
  const light = createLightClient({
    node: createNodeClient({ url, fetch: counting }),
    chainId: fromHex(chainId),
    epochHeights,
    verifyFinality: createFinalityVerifier(simplex, DEFAULT_PARAMETERS),
    checkpoint: parseCheckpoint(checkpoint),
    now: () => nowMs,
  });
  const statuses: string[] = [];
  for (const tag of tags) {
    const { status } = await light.grant({ source: fromHex(source), studyId: fromHex(studyId), tag: fromHex(tag) });
    statuses.push(status);
  }
  return { statuses, milliseconds: performance.now() - started, bytes, checkpoint: light.checkpoint().height };
}
