import tseslint from 'typescript-eslint';

const DETERMINISM =
  'Consensus code is deterministic and sans-I/O (D9): the host passes time, randomness and effects in.';
const ONE_RULE = 'Only primitives verifies signatures (D1): call verify or verifyFast.';

const otherVerifiers = {
  paths: [
    { name: 'node:crypto', importNames: ['verify', 'createVerify'], message: ONE_RULE },
    { name: '@noble/ed25519', message: ONE_RULE },
    { name: '@noble/curves/ed25519.js', message: ONE_RULE },
  ],
};

export default tseslint.config(
  { ignores: ['**/dist/**', '**/node_modules/**', '.peers/**', '.radledger/**', '**/vectors/**', 'tests/data/**'] },
  {
    files: [
      'packages/*/{src,test,bench}/**/*.ts',
      'apps/*/{src,test}/**/*.{ts,tsx}',
      'tests/*/{src,test,bench}/**/*.ts',
      'examples/*/{src,test}/**/*.ts',
    ],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: {
      parserOptions: {
        project: [
          'packages/*/tsconfig.json',
          'apps/*/tsconfig.json',
          'tsconfig.tests.json',
          'tsconfig.tests-node.json',
        ],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/require-await': 'off', // an interface may promise what one implementation has at once
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      'no-restricted-imports': ['error', otherVerifiers],
      'no-console': 'error',
      eqeqeq: 'error',
    },
  },
  { files: ['packages/primitives/**/*.ts'], rules: { 'no-restricted-imports': 'off' } },
  {
    files: ['apps/*/src/**/*.ts', 'packages/{devnet,simulator}/src/**/*.ts', 'packages/*/bench/**/*.ts'],
    rules: { 'no-console': 'off' },
  },
  {
    files: ['packages/{transactions,chain,consensus,consensus-*}/src/**/*.ts'],
    rules: {
      'no-restricted-globals': [
        'error',
        ...['Date', 'setTimeout', 'setInterval', 'setImmediate', 'fetch', 'performance', 'process', 'Buffer'].map(
          (name) => ({ name, message: DETERMINISM }),
        ),
      ],
      'no-restricted-properties': ['error', { object: 'Math', property: 'random', message: DETERMINISM }],
      'no-restricted-imports': [
        'error',
        { ...otherVerifiers, patterns: [{ group: ['node:*'], message: DETERMINISM }] },
      ],
    },
  },
  {
    files: ['packages/{handover,client,wallet}/src/**/*.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        { ...otherVerifiers, patterns: [{ group: ['node:*'], message: 'This package also runs in browsers.' }] },
      ],
    },
  },
  {
    files: ['**/test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-unsafe-assignment': 'off', // expect.objectContaining and friends are any
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
);
