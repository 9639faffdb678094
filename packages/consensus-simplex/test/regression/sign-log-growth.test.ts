/** Each start that committed nothing doubled the sign-log. */
import { createHost, type HostPorts } from '@radledger/consensus/host';
import { decodeSignRecord, encodeSignRecord, type SignRecord } from '@radledger/consensus';
import { equalBytes } from '@radledger/primitives';
import { expect, test } from 'vitest';
import { simplex } from '../../src/simplex.js';
import { VoteKind } from '../../src/vote.js';
import { boundaryState, chainId, member, parameters, recordOf, signature, START_MS } from '../support/voter.js';

const nullify = recordOf({ kind: 'nullify', view: 1, reason: 0, blockId: undefined }, VoteKind.nullify);

function start(log: Uint8Array[]): { readonly sign: readonly Uint8Array[] } {
  const sign: Uint8Array[] = [];
  const ports: Partial<HostPorts> = {
    now: () => START_MS,
    setTimer: () => {},
    broadcast: () => {},
    send: () => {},
    prove: () => new Uint8Array(80),
    adopt: () => {},
    evidence: () => {},
    report: () => {},
    sign: (bytes) => {
      sign.push(bytes);
      return signature;
    },
    signLog: { append: (record) => void log.push(record) },
    failed: (error) => {
      throw error;
    },
  };
  const identity = member(0);
  const host = createHost({ module: simplex, context: { chainId, parameters, identity }, ports: ports as HostPorts });
  const records: SignRecord[] = log.map(decodeSignRecord);
  host.start({ finalized: boundaryState(0), signLog: { state: 'present', records } });
  host.stop();
  return { sign };
}

test('a record in the log is signed again, and not written again', () => {
  const log = [encodeSignRecord(nullify)];
  for (let round = 0; round < 4; round++) {
    const { sign } = start(log);
    expect(sign).toHaveLength(1);
    expect(equalBytes(sign[0] as Uint8Array, nullify.bytes)).toBe(true);
  }
  expect(log).toHaveLength(1);
});

test('a log that has grown in the past is signed once a record', () => {
  const log = Array.from({ length: 8 }, () => encodeSignRecord(nullify));
  expect(start(log).sign).toHaveLength(1);
  expect(log).toHaveLength(8);
});
