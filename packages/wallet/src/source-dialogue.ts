/** What an owner asks of a source: her study's secrets, and to keep her sealed note. Spec: docs/spec/wallet-keys.md, sections 5 and 6. */
import type { GatewayClient } from '@radledger/client';
import {
  type AccessLogEntry,
  createAccessLogRequest,
  createOwnerRequest,
  createStudySecretRequest,
  generateSealingKeyPair,
  type OwnerOrder,
  type OwnerReply,
  openAccessLog,
  openOwnerReply,
  openSealed,
  openStudySecretReply,
  type SealContext,
  type SignedStudyDisclosure,
  sealTo,
  type WellKnown,
} from '@radledger/handover';
import { encodeCanonical, toHex } from '@radledger/primitives';
import { believed } from './answer.js';
import { WalletError } from './errors.js';
import { locateGateway } from './gateway-locator.js';
import type { WalletKeys } from './keys.js';
import type { DirectorySource, LedgerView } from './ledger-view.js';
import type { WalletPorts } from './wallet-ports.js';
import { decodeOwnerNote, encodeOwnerNote, type NotedDevice, type OwnerNote } from './owner-note.js';
import type { StudyRecord } from './wallet-state.js';

/** How long a gateway that proved whose it is is not asked for that again: an app that opens asks it about each study. */
const LOCATED_MS = 60_000;
const NOTHING_NOTED: OwnerNote = { grants: [], devices: [] };

/** A source's gateway that answers, by what it signed of itself. */
interface SourceGateway {
  /** Address of the browser API. */
  readonly api: string;
  /** Whom a patient asks about her data; any text of at most 512 bytes. */
  readonly privacyContact: string | undefined;
  readonly source: DirectorySource;
  readonly client: GatewayClient;
}

/** The exchanges of one wallet with the sources of its studies. */
export class SourceDialogue {
  readonly #ports: WalletPorts;
  readonly #ledger: LedgerView;
  readonly #keys: WalletKeys;
  /** Where gateways were found last, by source and signing key. */
  readonly #located = new Map<string, { readonly document: WellKnown; readonly atMs: number }>();

  constructor(ports: WalletPorts, ledger: LedgerView, keys: WalletKeys) {
    this.#ports = ports;
    this.#ledger = ledger;
    this.#keys = keys;
  }

  /**
   * Asks for the salts of the current era, UID, label and the kept note; leaves a new note when one is given.
   * @returns also the address of the gateway that answered
   * @throws {WalletError} `SOURCE_UNKNOWN` | `GATEWAY_UNKNOWN` | `ANSWER_INVALID`; {ClientError}
   */
  async ask(
    record: StudyRecord,
    options: { readonly note?: Uint8Array; readonly signal?: AbortSignal },
  ): Promise<SignedStudyDisclosure & { readonly api: string }> {
    const { note, signal } = options;
    const { now = Date.now } = this.#ports;
    const { chainId } = this.#ledger;
    const { api, source, client } = await this.gatewayOf(record, signal);
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
    const sealed = await client.studySecret(request, signal === undefined ? {} : { signal });
    const reply = await believed(
      openStudySecretReply({ request, sealed, sealingKeyPair, signingKey: source.signingKey }),
    );
    return { ...reply, api };
  }

  /**
   * Asks who read a study in the current owner's time, newest first.
   * @param options.entriesMax - a source cannot keep her asking for ever
   * @throws as `ask`
   */
  async accessLog(
    record: StudyRecord,
    options: { readonly entriesMax: number; readonly signal?: AbortSignal },
  ): Promise<readonly AccessLogEntry[]> {
    const { entriesMax, signal } = options;
    const { now = Date.now } = this.#ports;
    const { source, client } = await this.gatewayOf(record, signal);
    const found: AccessLogEntry[] = [];
    for (;;) {
      const before = found.at(-1)?.position;
      const sealingKeyPair = await generateSealingKeyPair();
      const request = await createAccessLogRequest({
        chainId: this.#ledger.chainId,
        source: record.source,
        studyId: record.studyId,
        signer: await this.#keys.ownerSigner(record.branch, record.keyIndex),
        sealingKey: sealingKeyPair.publicKey,
        timeMs: now(),
        ...(before === undefined ? {} : { before }),
      });
      const sealed = await client.accessLog(request, signal === undefined ? {} : { signal });
      const { log } = await believed(openAccessLog({ request, sealed, sealingKeyPair, signingKey: source.signingKey }));
      found.push(...log.entries);
      if (!log.isOlderLeft || log.entries.length === 0 || found.length >= entriesMax) return found.slice(0, entriesMax);
    }
  }

  /** Orders something of a source, or only looks how things stand. @throws as `ask` */
  async order(
    record: StudyRecord,
    order: OwnerOrder,
    { signal }: { readonly signal?: AbortSignal },
  ): Promise<OwnerReply> {
    const { source, client } = await this.gatewayOf(record, signal);
    const sealingKeyPair = await generateSealingKeyPair();
    const request = await this.ownerRequest(record, order, sealingKeyPair.publicKey);
    const sealed = await client.ownerRequest(request, signal === undefined ? {} : { signal });
    const answer = openOwnerReply({ request, sealed, sealingKeyPair, signingKey: source.signingKey });
    return (await believed(answer)).reply;
  }

  /** The bytes of an order, for a key that the answer is sealed to. */
  async ownerRequest(record: StudyRecord, order: OwnerOrder, sealingKey: Uint8Array): Promise<Uint8Array> {
    const { now = Date.now } = this.#ports;
    return createOwnerRequest({
      chainId: this.#ledger.chainId,
      source: record.source,
      studyId: record.studyId,
      signer: await this.#keys.ownerSigner(record.branch, record.keyIndex),
      sealingKey,
      timeMs: now(),
      order,
    });
  }

  /** The gateway of a study's source. @throws {WalletError} `SOURCE_UNKNOWN` | `GATEWAY_UNKNOWN` */
  async gatewayOf(
    record: Pick<StudyRecord, 'source' | 'gatewayApi'>,
    signal: AbortSignal | undefined,
  ): Promise<SourceGateway> {
    const { gateway, gatewayCandidates = [], now = Date.now } = this.#ports;
    const source = await this.#ledger.source(record.source, signal);
    const name = toHex(source.id) + toHex(source.signingKey);
    const nowMs = now();
    const last = this.#located.get(name);
    const isFresh = last !== undefined && nowMs >= last.atMs && nowMs - last.atMs < LOCATED_MS;
    const candidates = [...(record.gatewayApi === undefined ? [] : [record.gatewayApi]), ...gatewayCandidates];
    const document = isFresh
      ? last.document
      : await locateGateway({ chainId: this.#ledger.chainId, source, gateway, candidates, signal });
    if (document !== undefined) {
      if (!isFresh) this.#located.set(name, { document, atMs: nowMs });
      const { api, privacyContact } = document;
      return { api, privacyContact, source, client: gateway(api, source) };
    }
    throw new WalletError(
      { code: 'GATEWAY_UNKNOWN', source: toHex(record.source) },
      "the source's gateway does not answer",
    );
  }

  /** The grants of a study and her devices, sealed so that only her words open them. */
  async sealNote(record: StudyRecord, devices: readonly NotedDevice[]): Promise<Uint8Array> {
    const { publicKey } = await this.#keys.noteKeyPair(record.branch);
    return sealTo(publicKey, this.#noteContext(record), encodeOwnerNote({ grants: record.grants, devices }));
  }

  /** What a note says; nothing when it was left by an earlier owner or is spoiled: the ledger still has the grants. */
  async openNote(record: StudyRecord, sealed: Uint8Array): Promise<OwnerNote> {
    try {
      const pair = await this.#keys.noteKeyPair(record.branch);
      return decodeOwnerNote(await openSealed(pair, this.#noteContext(record), sealed));
    } catch {
      return NOTHING_NOTED;
    }
  }

  #noteContext({ source, studyId }: StudyRecord): SealContext {
    return { info: 'radledger/owner-note/1', aad: encodeCanonical([this.#ledger.chainId, source, studyId]) };
  }
}
