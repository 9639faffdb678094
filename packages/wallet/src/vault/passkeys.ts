/** Passkeys as a lock: the authenticator gives the same 32 secret bytes to this web domain each time (WebAuthn level 3, `prf`). */
import { randomBytes, sha256, utf8 } from '@radledger/primitives';
import { WalletError } from '../errors.js';

export interface PasskeySecret {
  readonly credentialId: Uint8Array;
  /** 32 bytes. */
  readonly secret: Uint8Array;
}

/** Swap-in point: how the person unlocks with her device. Each call needs her gesture. */
export interface PasskeyPort {
  /**
   * Makes a passkey and gets its secret.
   * @param input.userName - shown by the device in its list of passkeys
   * @returns also whether the passkey can hold a copy (`largeBlob`), which only a later `ask` can put there
   * @throws {WalletError} `PASSKEY_REFUSED` | `PASSKEY_WITHOUT_PRF`
   */
  create(input: { readonly userName: string }): Promise<PasskeySecret & { readonly takesCopy: boolean }>;
  /**
   * Gets the secret of one of these passkeys.
   * @param copy - to be put into the passkey by the same gesture, where one alone is asked; at most some hundred bytes
   * @returns also whether the copy is in it now, and whether the person's account keeps the passkey beyond this device
   * @throws {WalletError} as `create`
   */
  ask(
    credentialIds: readonly Uint8Array[],
    copy?: Uint8Array,
  ): Promise<PasskeySecret & { readonly isCopied: boolean; readonly isSynced: boolean }>;
  /** Lets the person choose one of her passkeys for this web domain, and reads what was put into it. @throws {WalletError} as `create` */
  find(): Promise<PasskeySecret & { readonly copy: Uint8Array | undefined; readonly isSynced: boolean }>;
}

/** What the pseudo-random function is evaluated at: one point, so that no copy of it is needed. */
const PRF_INPUT = sha256(utf8('radledger/vault-passkey-prf/1'));
const TIMEOUT_MS = 120_000;
/** COSE names of Ed25519, ECDSA P-256 and RSA: nothing is ever verified with the key, only its existence counts. */
const ALGORITHMS = [-8, -7, -257];
/** In the flags of authenticator data (WebAuthn, section 6.1): the passkey is backed up. */
const BACKED_UP = 0x10;

/** @param input.rpId - the web domain that the passkey belongs to for ever; a change of it loses this wrap */
export function createPasskeys(input: { readonly rpId: string; readonly rpName: string }): PasskeyPort {
  const { rpId, rpName } = input;
  const prf = { eval: { first: buffer(PRF_INPUT) } };

  async function assert(
    credentialIds: readonly Uint8Array[],
    largeBlob: AuthenticationExtensionsLargeBlobInputs | undefined,
  ): Promise<PasskeySecret & { readonly blob: AuthenticationExtensionsLargeBlobOutputs; readonly isSynced: boolean }> {
    const credential = await gesture(() =>
      navigator.credentials.get({
        publicKey: {
          challenge: buffer(randomBytes(32)),
          rpId,
          userVerification: 'required',
          timeout: TIMEOUT_MS,
          allowCredentials: credentialIds.map((id) => ({ type: 'public-key', id: buffer(id) })),
          extensions: largeBlob === undefined ? { prf } : { prf, largeBlob },
        },
      }),
    );
    const secret = secretOf(credential);
    if (secret === undefined) throw withoutPrf();
    const { authenticatorData } = credential.response as AuthenticatorAssertionResponse;
    const flags = new Uint8Array(authenticatorData)[32] ?? 0;
    return {
      credentialId: new Uint8Array(credential.rawId),
      secret,
      blob: credential.getClientExtensionResults().largeBlob ?? {},
      isSynced: (flags & BACKED_UP) !== 0,
    };
  }

  return {
    async ask(credentialIds, copy) {
      const { blob, ...answer } = await assert(credentialIds, copy && { write: buffer(copy) });
      return { ...answer, isCopied: blob.written === true };
    },
    async find() {
      const { blob, ...answer } = await assert([], { read: true });
      return { ...answer, copy: blob.blob === undefined ? undefined : bytesOf(blob.blob) };
    },
    async create({ userName }) {
      const credential = await gesture(() =>
        navigator.credentials.create({
          publicKey: {
            challenge: buffer(randomBytes(32)),
            rp: { id: rpId, name: rpName },
            user: { id: buffer(randomBytes(16)), name: userName, displayName: userName },
            pubKeyCredParams: ALGORITHMS.map((alg) => ({ type: 'public-key', alg })),
            authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
            timeout: TIMEOUT_MS,
            extensions: { prf, largeBlob: { support: 'preferred' } },
          },
        }),
      );
      const { prf: found, largeBlob } = credential.getClientExtensionResults();
      const takesCopy = largeBlob?.supported === true;
      const credentialId = new Uint8Array(credential.rawId);
      const secret = secretOf(credential);
      if (secret !== undefined) return { credentialId, secret, takesCopy };
      if (found?.enabled !== true) throw withoutPrf();
      // Some authenticators have the function and do not evaluate it while they make the passkey.
      const { secret: later } = await assert([credentialId], undefined);
      return { credentialId, secret: later, takesCopy };
    },
  };
}

/** Whatever the reason is, a browser does not tell it. */
async function gesture(call: () => Promise<Credential | null>): Promise<PublicKeyCredential> {
  let credential: Credential | null;
  try {
    credential = await call();
  } catch (cause) {
    throw refused(cause);
  }
  if (credential === null) throw refused(undefined);
  return credential as PublicKeyCredential;
}

function secretOf(credential: PublicKeyCredential): Uint8Array | undefined {
  const first = credential.getClientExtensionResults().prf?.results?.first;
  const secret = first && bytesOf(first);
  return secret?.length === 32 ? secret : undefined;
}

function bytesOf(source: BufferSource): Uint8Array {
  return ArrayBuffer.isView(source)
    ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
    : new Uint8Array(source);
}

function refused(cause: unknown): WalletError {
  return new WalletError({ code: 'PASSKEY_REFUSED' }, 'the device did not unlock', { cause });
}

function withoutPrf(): WalletError {
  return new WalletError({ code: 'PASSKEY_WITHOUT_PRF' }, 'this device gives no secret to passkeys; use a PIN');
}

function buffer(view: Uint8Array): ArrayBuffer {
  return new Uint8Array(view).buffer;
}
