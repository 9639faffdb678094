import { fileURLToPath } from 'node:url';

const repository = new URL('../../../', import.meta.url);
const at = (path: string): string => fileURLToPath(new URL(path, repository));

/** Absolute paths of the programs and files that the local net is made of. */
export const PROGRAMS = {
  node: at('apps/node/dist/main.js'),
  gateway: at('apps/gateway/dist/main.js'),
  cli: at('apps/cli/dist/main.js'),
  /** The files of the patient's app. */
  walletFolder: at('apps/wallet/dist'),
} as const;

/** Where `npm run demo` and `npm start` keep everything of the local net. */
export const DEV_FOLDER = at('.radledger/dev');
