/** Who asks for images, as far as that can be proven (people.md B5). Spec: docs/spec/wallet-keys.md, section 15. */
import {
  READER_NAME_BYTES_MAX,
  type SignedImageRequest,
  verifyImageRequest,
  verifyWellKnown,
  type WellKnown,
} from '@radledger/handover';
import { equalBytes } from '@radledger/primitives';
import { WalletError } from './errors.js';
import type { DirectorySource } from './ledger-view.js';
import type { CallOptions } from './views.js';
import { signalOf, type WalletCore } from './wallet-core.js';
import type { GrantRecord } from './wallet-state.js';

/**
 * `source`: an imaging centre of the ledger says, signed, that this is its recipient key; `name` is the ledger's. `https`: whoever runs the
 * web server of `host` says so. `unproven`: nobody does, and whoever made the request may be anybody: only what the person sees in front of
 * her counts then.
 */
export type RequestOrigin =
  | { readonly kind: 'source'; readonly source: Uint8Array; readonly name: string; readonly host: string }
  | { readonly kind: 'https'; readonly host: string }
  | { readonly kind: 'unproven'; readonly host: string };

/** As it is kept and told to the source: the ledger's name, or the web address (its end, when it is very long), and what it calls itself. */
export function receiverOf(
  origin: RequestOrigin,
  { displayName }: SignedImageRequest,
): NonNullable<GrantRecord['receiver']> {
  const name = origin.kind === 'source' ? origin.name : origin.host.slice(-READER_NAME_BYTES_MAX);
  return { origin: origin.kind, name, displayName };
}

/** See `Wallet.originOf`. */
export async function originOf(
  core: WalletCore,
  request: SignedImageRequest,
  options: CallOptions = {},
): Promise<RequestOrigin> {
  await verifyImageRequest(request, { chainId: core.chainId, nowMs: core.now() });
  const { host, protocol } = new URL(request.gatewayApi);
  const document = await documentOf(core, request, options);
  if (document === undefined) return { kind: 'unproven', host };
  const source = document.source && (await knownSource(core, document.source, options));
  if (source?.name !== undefined && (await isSignedBy(document, source.signingKey))) {
    return { kind: 'source', source: source.id, name: source.name, host };
  }
  const isOwn = document.source === undefined && (await isSignedBy(document, request.recipientKey));
  return { kind: isOwn && protocol === 'https:' ? 'https' : 'unproven', host };
}

/** The document at the address of the request, when it is about the key of the request; unverified. */
async function documentOf(
  core: WalletCore,
  { gatewayApi, recipientKey }: SignedImageRequest,
  options: CallOptions,
): Promise<WellKnown | undefined> {
  try {
    const document = await core.ports.gateway(gatewayApi).wellKnown(signalOf(options));
    const isAbout =
      equalBytes(document.chainId, core.chainId) &&
      document.api === gatewayApi &&
      document.recipient !== undefined &&
      equalBytes(document.recipient, recipientKey);
    return isAbout ? document : undefined;
  } catch {
    // Not reachable, or not a gateway: nothing is proven.
    options.signal?.throwIfAborted();
    return undefined;
  }
}

/** @throws {ClientError} when the ledger cannot be read: that is not the same as no such source */
async function knownSource(
  core: WalletCore,
  id: Uint8Array,
  { signal }: CallOptions,
): Promise<DirectorySource | undefined> {
  try {
    return await core.ledger.source(id, signal);
  } catch (error) {
    if (error instanceof WalletError && error.code === 'SOURCE_UNKNOWN') return undefined;
    throw error;
  }
}

function isSignedBy(document: WellKnown, key: Uint8Array): Promise<boolean> {
  return verifyWellKnown(document, key).then(
    () => true,
    () => false,
  );
}
