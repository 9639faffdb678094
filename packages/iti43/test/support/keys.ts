import { createSigner, fromHex } from '@radledger/primitives';

/** The public test keys of RFC 8032, section 7.1. */
export const rfc8032 = {
  test1: {
    seed: '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    publicKey: 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
  },
  test2: {
    seed: '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
    publicKey: '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
  },
  test3: { publicKey: 'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025' },
} as const;

export const signer = await createSigner(fromHex(rfc8032.test1.seed));
export const stranger = await createSigner(fromHex(rfc8032.test2.seed));
