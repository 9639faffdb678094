/** What an owner asks of a source: her study's secrets, and to keep her sealed note. Spec: docs/spec/wallet-keys.md, sections 5 and 6. */
import {
  createStudySecretRequest,
  generateSealingKeyPair,
  openSealed,
  openStudySecretReply,
  type SealContext,
  type SignedStudyDisclosure,
  sealTo,
} from '@radledger/handover';
import { encodeCanonical, toHex } from '@radledger/primitives';
import { WalletError } from './errors.js';
import { locateGateway } from './gateway-locator.js';
import type { WalletKeys } from './keys.js';
import type { LedgerView } from './ledger-view.js';
import type { WalletPorts } from './wallet-ports.js';
import { decodeOwnerNote, encodeOwnerNote, type GrantRecord, type StudyRecord } from './wallet-state.js';

/** The exchanges of one wallet with the sources of its studies. */
export class SourceDialogue {
  readonly #ports: WalletPorts;
  readonly #ledger: LedgerView;
  readonly #keys: WalletKeys;

  constructor(ports: WalletPorts, ledger: LedgerView, keys: WalletKeys) {
    this.#ports = ports;
    this.#ledger = ledger;
    this.#keys = keys;
  }

  /**
   * Asks for the salts of the current era, UID, label and the kept note; leaves a new note when one is given.
   * @returns also the address of the gateway that answered
   * @throws {WalletError} `SOURCE_UNKNOWN` | `GATEWAY_UNKNOWN`; {ClientError}; {HandoverError}
   */
  async ask(
    record: StudyRecord,
    options: { readonly note?: Uint8Array; readonly signal?: AbortSignal },
  ): Promise<SignedStudyDisclosure & { readonly api: string }> {
    const { note, signal } = options;
    const { gateway, gatewayCandidates = [], now = Date.now } = this.#ports;
    const { chainId } = this.#ledger;
    const source = await this.#ledger.source(record.source, signal);
    const candidates = [...(record.gatewayApi === undefined ? [] : [record.gatewayApi]), ...gatewayCandidates];
    const api = await locateGateway({ chainId, source, gateway, candidates, signal });
    if (api === undefined) {
      throw new WalletError(
        { code: 'GATEWAY_UNKNOWN', source: toHex(record.source) },
        "the source's gateway does not answer",
      );
    }
    const sealingKeyPair = await generateSealingKeyPair();
    const request = await createStudySecretRequest({
      chainId,
      source: record.source,
      studyId: record.studyId,
      owner: await this.#keys.ownerSigner(record.branch, record.keyIndex),
      sealingKey: sealingKeyPair.publicKey,
      timeMs: now(),
      ...(note === undefined ? {} : { note }),
    });
    const sealed = await gateway(api, source).studySecret(request, signal === undefined ? {} : { signal });
    const reply = await openStudySecretReply({ request, sealed, sealingKeyPair, signingKey: source.signingKey });
    return { ...reply, api };
  }

  /** The grants of a study, sealed so that only her words open them. */
  async sealNote(record: StudyRecord): Promise<Uint8Array> {
    const { publicKey } = await this.#keys.noteKeyPair(record.branch);
    return sealTo(publicKey, this.#noteContext(record), encodeOwnerNote(record.grants));
  }

  /** The grants of a note; none when it was left by an earlier owner or is spoiled: the ledger still has them. */
  async openNote(record: StudyRecord, sealed: Uint8Array): Promise<readonly GrantRecord[]> {
    try {
      const pair = await this.#keys.noteKeyPair(record.branch);
      return decodeOwnerNote(await openSealed(pair, this.#noteContext(record), sealed));
    } catch {
      return [];
    }
  }

  #noteContext({ source, studyId }: StudyRecord): SealContext {
    return { info: 'radledger/owner-note/1', aad: encodeCanonical([this.#ledger.chainId, source, studyId]) };
  }
}
