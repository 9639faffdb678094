// Goal: what is filed over DICOMweb is whole or can be completed, and a bad archive costs a code. Method: the contract of a sink on an archive in memory; tests/interop runs it on Orthanc.
import { testStudySink } from '@radledger/imaging/conformance';
import { createDicomwebArchive } from '../src/index.js';
import { startFakeArchive, TROUBLES } from './fake-archive.js';

testStudySink({
  name: 'DICOMweb',
  troubles: TROUBLES,
  async createSink() {
    const archive = await startFakeArchive();
    const sink = createDicomwebArchive({ baseUrl: archive.baseUrl });
    return {
      sink,
      otherBytes: 'refused',
      keepsParts: true,
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
