// Goal: what is filed over DIMSE is whole or can be completed, and a bad archive costs a code. Method: the contract of a sink on an archive in memory; tests/interop runs it on Orthanc.
import { testStudySink } from '@radledger/imaging/conformance';
import { createDimseArchive } from '../src/index.js';
import { startStoringArchive, TROUBLES } from './storing-archive.js';

testStudySink({
  name: 'DIMSE',
  troubles: TROUBLES,
  async createSink() {
    const archive = await startStoringArchive();
    const titles = { calledAeTitle: 'ARCHIVE', callingAeTitle: 'GATEWAY' };
    const sink = createDimseArchive({ host: '127.0.0.1', port: archive.port, ...titles });
    return {
      sink,
      otherBytes: 'refused',
      keepsParts: true,
      rewritesFileMeta: true,
      async *held() {
        yield* archive.files();
      },
      trouble(name) {
        archive.trouble = name as keyof typeof TROUBLES | undefined;
      },
      async dispose() {
        await sink.close();
        await archive.close();
      },
    };
  },
});
