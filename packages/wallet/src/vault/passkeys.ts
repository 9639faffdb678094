/** Passkeys as a lock: the authenticator gives the same 32 secret bytes to this web domain each time (WebAuthn level 3, `prf`). */
import { randomBytes, sha256, utf8 } from '@radledger/primitives';
import { WalletError } from '../errors.js';

export interface PasskeySecret {
  readonly credentialId: Uint8Array;
  /** 32 bytes. */
  readonly secret: Uint8Array;
}

/** Swap-in point: how the person unlocks with her device. Both calls need her gesture. */
export interface PasskeyPort {
  /**
   * Makes a passkey and gets its secret.
   * @param input.userName - shown by the device in its list of passkeys
   * @throws {WalletError} `PASSKEY_REFUSED` | `PASSKEY_WITHOUT_PRF`
   */
  create(input: { readonly userName: string }): Promise<PasskeySecret>;
  /** Gets the secret of one of these passkeys. @throws {WalletError} as `create` */
  ask(credentialIds: readonly Uint8Array[]): Promise<PasskeySecret>;
}

/** What the pseudo-random function is evaluated at: one point, so that no copy of it is needed. */
const PRF_INPUT = sha256(utf8('radledger/vault-passkey-prf/1'));
const TIMEOUT_MS = 120_000;
/** COSE names of Ed25519, ECDSA P-256 and RSA: nothing is ever verified with the key, only its existence counts. */
const ALGORITHMS = [-8, -7, -257];

/** @param input.rpId - the web domain that the passkey belongs to for ever; a change of it loses this wrap */
export function createPasskeys(input: { readonly rpId: string; readonly rpName: string }): PasskeyPort {
  const { rpId, rpName } = input;
  const prf = { eval: { first: buffer(PRF_INPUT) } };

  async function ask(credentialIds: readonly Uint8Array[]): Promise<PasskeySecret> {
    const credential = await gesture(() =>
      navigator.credentials.get({
        publicKey: {
          challenge: buffer(randomBytes(32)),
          rpId,
          userVerification: 'required',
          timeout: TIMEOUT_MS,
          allowCredentials: credentialIds.map((id) => ({ type: 'public-key', id: buffer(id) })),
          extensions: { prf },
        },
      }),
    );
    const secret = secretOf(credential);
    if (secret === undefined) throw withoutPrf();
    return { credentialId: new Uint8Array(credential.rawId), secret };
  }

  return {
    ask,
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
            extensions: { prf },
          },
        }),
      );
      const credentialId = new Uint8Array(credential.rawId);
      const secret = secretOf(credential);
      if (secret !== undefined) return { credentialId, secret };
      if (credential.getClientExtensionResults().prf?.enabled !== true) throw withoutPrf();
      // Some authenticators have the function and do not evaluate it while they make the passkey.
      return ask([credentialId]);
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
  if (first === undefined) return undefined;
  const secret = ArrayBuffer.isView(first)
    ? new Uint8Array(first.buffer, first.byteOffset, first.byteLength)
    : new Uint8Array(first);
  return secret.length === 32 ? secret : undefined;
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
