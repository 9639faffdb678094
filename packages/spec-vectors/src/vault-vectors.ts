/** The vault of a device, the helpers' cards and the way to a new phone: opened, since sealing is random. Inputs made once by the wallet. */
import { fromHex } from '@radledger/primitives';
import {
  consentReceiptHash,
  createConsentReceipt,
  createMemoryVaultStorage,
  createPhoneOffer,
  createVault,
  type PasskeyPort,
  readPhoneOffer,
  roleAnswerWords,
  type VaultRecord,
  wordsOfHelperCards,
} from '@radledger/wallet';
import { wordlist } from '@scure/bip39/wordlists/english.js';
import { asJson, fill, type VectorFile } from './vector-file.js';

const VAULT = {
  passkey: {
    credentialId: '01010101010101010101010101010101',
    salt: '02020202020202020202020202020202',
    secret: '0303030303030303030303030303030303030303030303030303030303030303',
    sealed: '9301c40c070707070707070707070707c420e00c445852725c958f4e741a5503ebc9504e20c645c50cecf23dab0c78cd933d',
  },
  pin: {
    pin: '４71103',
    salt: '04040404040404040404040404040404',
    deviceKey: '0505050505050505050505050505050505050505050505050505050505050505',
    sealed: '9301c40c080808080808080808080808c42088a8d869dda97bfd3cf7c6d2526ae90f00b20ef71114d8410c20b5ce2d394deb',
  },
  profiles:
    '9301c40c0a0a0a0a0a0a0a0a0a0a0a0ac43bfccf9571452e58acd8020c70c8a37eeab244be1d678347d12992600e1de106a80ab9993cc1695864fb14a826c692e1c0349955deaff3d5c17baa13',
  snapshots: [
    {
      id: 'holder',
      sealed:
        '9301c40c0b0b0b0b0b0b0b0b0b0b0b0bc426650d796952d521d1a3301a5b4f2b51adf6cd0625d3e035a617427d68213b849d6b402d6d23b8',
    },
    {
      id: '06060606060606060606060606060606',
      sealed: '9301c40c0c0c0c0c0c0c0c0c0c0c0c0cc420f5f8445aa85ee2dcd0a4910fcf04e6e96e38b867de45fc845f7a1b892934c867',
    },
  ],
  cards: [
    {
      id: 'holder',
      sealed:
        '9301c40c0d0d0d0d0d0d0d0d0d0d0d0dc5014509b85bec5d84015641465ad3b59736df766d44adec523e00458d6bb5453869f989ee51d7dbf52bf15484c20b2bc717806047593853f8c22bdb9d56d6c593e7dad7b1032731d76b61818bf742cc8d33ee4d455c057e1880a3c3e7160d2b745499c8b17e08fa54b4ca298ec0c839bb74d70e0c6cba0eb17efd87000aeda29f57cecddae085fbf6335793ae867aae5d73cd5fbf37ac55d652ef155ad9b125307bfd88ac45f5c2f244a0e63d0f008e83174c823eb72e2fccdb60b631cc3563044c2c580c68581a51b089a34743d27a5bb61d589ebf88eb29eb7d60c6f446dec5e51e1c9a8dc18a0c7561a38a2054b426d5a5e43080cef97720fef345f6dd0972fa8935d7e7536f7a65e92c2bc2481845a95aad3e86efe6301505b8041b613d67d308e261f8fc68edf7dc48d7c229ca281d2733c5deed6541b5f87d936de38a2abdac9bc74727a6',
    },
    {
      id: '06060606060606060606060606060606',
      sealed:
        '9301c40c0e0e0e0e0e0e0e0e0e0e0e0ec501454cdc2c95b32ac936e772c1ba42787887e67b3b3f1912630ed3d0e7681edbcbc2a640ec5bddf1603482f431cf02b02d2ccab1a14081c8794f68e84ebb6f761b6c45970359bd9c44658e8e93c46443ec9f3c4496aeed3a928cf541d45a115e9e91eb62ab5623598eb164d390fb1eea2ae4337286f08dc749e5337be2438271e50e7b67ed604b0fa8a94489478b9881d5662bcaf7950955e9fdd0c3543aede581e9e3801f2b2bcf2d68ce6ec39d96e770564d6573f0abb101a32fdf91dd6ccd4b2117dc341c62bf61218106e1f32a5b4e15a1180726b31ef8b5a425d04b072340ecce7fb4b9c0e59c23d53eb29200098d30d655ff419c492f03982ac9129175a127c2127edecec32dd715f084ce9f8437b7a05f5f30f53f0bbef796dcbda723a07cd67c5e37fd844c258f2a2bda06ac0019918005bc654d03315b6260ab869a07d261896ce4d0',
    },
  ],
};
/** The passkey wrap above, as it is in the passkey. */
const COPY = {
  credentialId: VAULT.passkey.credentialId,
  secret: VAULT.passkey.secret,
  bytes: `9301c410${VAULT.passkey.salt}c432${VAULT.passkey.sealed}`,
};
const CARDS = [
  'barely educate clean kiss emerge table wife shed waste front diesel soft rough cable equal cook',
  'barely educate barely bean success stumble include habit firm void labor fog creek middle goat bar',
  'barely educate dawn pill super wage dizzy motion track draft zebra crack better bone range language',
];
const PHONE = {
  privateKey: '56e510fd73bb1c7f571e840ce7808d7efaa38fd5b56736f257e221c431a1d7ee',
  publicKey: 'de8923a675d02180cdd7d0097ba404b9e1e2930d5665cba58d1765006361793b',
  offer: '9201C420DE8923A675D02180CDD7D0097BA404B9E1E2930D5665CBA58D1765006361793B',
  answer:
    '9601200101C42097B4267E8E159B9259ED61E778F2DA3E703A53B4F567D3C9BAA892CD963F772AC43D668D69FCC03BB3C3E8E8234217179A49B1FB995984FC44C31E996F445CC90C553DA8475BF474160F9BEF7ABF6400C5A3B426DA6D44E41B28F69051E17C',
};

const RECEIPT = {
  salt: fill(13),
  shownAtMs: 1_795_000_000_000,
  language: 'de-AT',
  text: 'Dr. Jovanović darf „MR Knie“ bis 20. Dezember ansehen.',
};

export async function vaultVectors(): Promise<VectorFile> {
  return {
    name: 'vault',
    spec: 'wallet-keys.md',
    cases: [
      { name: 'opened by its passkey', input: { vault: VAULT, by: 'passkey' }, output: await opened('passkey') },
      { name: 'begun from the copy in its passkey', input: { copy: COPY }, output: await begunFromCopy() },
      { name: 'opened by its PIN', input: { vault: VAULT, by: 'pin' }, output: await opened('pin') },
      ...(await Promise.all(
        [
          [0, 1],
          [2, 0],
          [1, 2],
        ].map(async (picked) => {
          const cards = picked.map((place) => CARDS[place] ?? '');
          return {
            name: `cards ${picked.join(' and ')}`,
            input: { cards: cards.map(placesOf) },
            output: { words: placesOf(await wordsOfHelperCards(cards)) },
          };
        }),
      )),
      { name: 'a consent receipt', input: { receipt: asJson(RECEIPT) }, output: receiptOf() },
      { name: 'to a new phone', input: { phone: PHONE }, output: await carried() },
      {
        name: 'the four words of a role answer',
        input: asJson({ roleAnswer: fill(0x71, 300) }),
        output: { matchingWords: placesOf(roleAnswerWords(fill(0x71, 300))) },
      },
    ],
  };
}

async function opened(by: 'passkey' | 'pin'): Promise<unknown> {
  const { passkey, pin } = VAULT;
  const sealedOf = ({ id, sealed: hex }: { id: string; sealed: string }) => ({ id, sealed: fromHex(hex) });
  const storage = createMemoryVaultStorage();
  const deviceKey = await crypto.subtle.importKey(
    'raw',
    new Uint8Array(fromHex(pin.deviceKey)),
    { name: 'HMAC', hash: 'SHA-256' },
    false,
    ['sign'],
  );
  const { credentialId, salt, sealed } = passkey;
  const tries = { wrongTries: 0, nextTryAtMs: 0 };
  const record: VaultRecord = {
    format: 1,
    generation: 1,
    wraps: [
      { kind: 'passkey', credentialId: fromHex(credentialId), salt: fromHex(salt), sealed: fromHex(sealed) },
      { kind: 'pin', salt: fromHex(pin.salt), deviceKey, sealed: fromHex(pin.sealed), ...tries },
    ],
    profiles: fromHex(VAULT.profiles),
    snapshots: VAULT.snapshots.map(sealedOf),
    cards: VAULT.cards.map(sealedOf),
  };
  await storage.save(record);
  const vault = await createVault({ storage, passkeys: passkeysOf(), lock: LOCK }).open(
    by === 'pin' ? { pin: pin.pin } : 'passkey',
  );
  return asJson({
    profiles: await Promise.all(
      [vault, ...vault.profiles].map(async (profile) => ({
        id: profile.id,
        name: profile.name,
        words: placesOf(profile.words),
        snapshot: await profile.store.load(),
        helperCards: await profile.helperCards(),
      })),
    ),
  });
}

async function begunFromCopy(): Promise<unknown> {
  const storage = createMemoryVaultStorage();
  const { words } = await createVault({ storage, passkeys: passkeysOf(), lock: LOCK }).createFromPasskey();
  return { words: placesOf(words) };
}

const LOCK = { take: () => Promise.resolve(() => undefined) };

function passkeysOf(): PasskeyPort {
  const known = { credentialId: fromHex(COPY.credentialId), secret: fromHex(COPY.secret) };
  return {
    create: () => Promise.resolve({ ...known, takesCopy: false }),
    ask: () => Promise.resolve({ ...known, isCopied: false, isSynced: false }),
    find: () => Promise.resolve({ ...known, copy: fromHex(COPY.bytes), isSynced: true }),
  };
}

function receiptOf(): unknown {
  const { salt, ...shown } = RECEIPT;
  const receipt = createConsentReceipt(shown, salt);
  return asJson({ receipt, hash: consentReceiptHash(receipt) });
}

async function carried(): Promise<unknown> {
  const { publicKey, privateKey, answer } = PHONE;
  const newPhone = await createPhoneOffer({ publicKey: fromHex(publicKey), privateKey: fromHex(privateKey) });
  const { matchingWords } = readPhoneOffer(newPhone.offer);
  const profiles = (await newPhone.accept(answer)).map(({ name, words }) => ({ name, words: placesOf(words) }));
  return { offer: newPhone.offer, matchingWords: placesOf(matchingWords), profiles };
}

/** Places in the word list, from 0: whoever checks needs no list. */
function placesOf(words: string): readonly number[] {
  return words.split(' ').map((word) => wordlist.indexOf(word));
}
