/** A mangled copy of an honest proposal silenced it, and cost its sender nothing. */
import { ConsensusError } from '@radledger/consensus';
import { expect, test } from 'vitest';
import { encodeJustification } from '../../src/justification.js';
import { encodeMessage, type Message } from '../../src/message.js';
import { simplex } from '../../src/simplex.js';
import {
  blockOf,
  chainId,
  epochOf,
  EPOCH_HEIGHTS,
  notarizationOf,
  nullificationOf,
  parameters,
  proposalOf,
  reportsOf,
  sentBy,
  typesOf,
  Voter,
} from '../support/voter.js';

const claimsOf = (message: Message): unknown =>
  simplex.claims(encodeMessage(message), { chainId, parameters, epoch: (epoch) => epochOf(epoch) });
const refused = (code: string): unknown => expect.objectContaining({ code, name: ConsensusError.name });

const block = blockOf(1, { transactions: [new Uint8Array(70)] });
const sameLength = { ...block, body: { ...block.body, transactions: [new Uint8Array(70).fill(1)] } };

test.each([
  ['another transaction of the same length', sameLength],
  ['a transaction more', { ...block, body: { ...block.body, transactions: [new Uint8Array(70), new Uint8Array(1)] } }],
  [
    'another justification',
    { ...block, body: { ...block.body, justification: Uint8Array.of(0x93, 0x90, 0x90, 0x91) } },
  ],
])('%s: the sender is at fault before the voter sees it', (_, mangled) => {
  expect(claimsOf(proposalOf(1, block))).toMatchObject({ claims: [{}] });
  expect(() => claimsOf(proposalOf(1, mangled))).toThrow(refused('WRONG_BODY'));
});

test('a reason to propose again that does not belong to the proposal is the fault of the sender', () => {
  const boundary = blockOf(1, { height: EPOCH_HEIGHTS });
  const again = (parent = notarizationOf(1, boundary), nullifications = [nullificationOf(2)]): Uint8Array =>
    encodeJustification({ parent, nullifications, tail: undefined });
  expect(claimsOf(proposalOf(3, boundary, again()))).toBeDefined();
  for (const mangled of [
    proposalOf(1, block, again()),
    proposalOf(3, boundary),
    proposalOf(3, boundary, again(notarizationOf(1, block))),
    proposalOf(3, boundary, again(notarizationOf(1, boundary), [])),
    proposalOf(3, boundary, again(notarizationOf(1, boundary), [nullificationOf(4)])),
  ]) {
    expect(() => claimsOf(mangled)).toThrow(refused('MALFORMED_JUSTIFICATION'));
  }
});

test('a mangled answer leaves the block wanted, and the honest one is taken', () => {
  const voter = new Voter();
  voter.receive({ type: 'certificate', certificate: notarizationOf(1, block) });
  const effects = voter.receive({ type: 'block', block: sameLength }, 'liar');
  expect(reportsOf(effects)).toEqual(['WRONG_BODY']);
  expect(typesOf(effects)).not.toContain('verify');
  const asked = sentBy(voter.step({ type: 'timer', id: 'fetch' })).map(({ type }) => type);
  expect(asked).toContain('fetch-blocks');
  expect(typesOf(voter.receive({ type: 'block', block }, 'honest'))).toContain('verify');
});
