import { testConsensusModule } from '@radledger/consensus/conformance';
import { work } from '../src/work.js';

// Four nodes with 16 hashes in 10 ms each: 640 hashes a block every 100 ms.
testConsensusModule(work, {
  parameters: {
    epochHeights: 16,
    moduleSettings: [
      ['depth', 8],
      ['difficulty', 640],
      ['hashesPerStep', 16],
      ['stepMs', 10],
    ],
  },
});
