import { testConsensusModule } from '@radledger/consensus/conformance';
import { longestChain } from '../src/longest-chain.js';

testConsensusModule(longestChain, { parameters: { epochHeights: 64, moduleSettings: [['depth', 3]] } });
