import { testConsensusModule } from '@radledger/consensus/conformance';
import { simplex } from '../src/simplex.js';

testConsensusModule(simplex);
