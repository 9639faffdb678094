import { testConsensusModule } from '@radledger/consensus/conformance';
import { authority } from '../src/authority.js';

testConsensusModule(authority, { parameters: { epochHeights: 64, moduleSettings: [] } });
