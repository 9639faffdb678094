import { generate } from 'selfsigned';

/** A fresh self-signed certificate: nothing in the peer protocol looks at it. */
export async function selfSigned(): Promise<{ key: string; cert: string }> {
  const { private: key, cert } = await generate([{ name: 'commonName', value: 'node' }], { keyType: 'ec' });
  return { key, cert };
}
