/** Instances as parts of one body, byte for byte as they are stored (PS3.18, section 8.7.3.5; RFC 2387). */
import { plannedInstances } from '@radledger/imaging';
import { randomBytes, toHex, utf8 } from '@radledger/primitives';
import type { OpenedStudy } from '../source/open-study.js';
import type { DicomwebAnswer } from './answer.js';
import type { NamedEntry } from './named-entries.js';

/** @param urlOf - where a part can be had alone */
export function instanceParts(
  opened: OpenedStudy,
  named: readonly NamedEntry[],
  urlOf: (one: NamedEntry) => string,
): DicomwebAnswer {
  const boundary = `radledger-${toHex(randomBytes(16))}`;
  const heads = named.map((one) =>
    utf8(
      `--${boundary}\r\nContent-Type: application/dicom; transfer-syntax=${one.entry.transferSyntaxUid}\r\n` +
        `Content-Location: ${urlOf(one)}\r\n\r\n`,
    ),
  );
  const end = utf8(`--${boundary}--\r\n`);
  const lineEnd = utf8('\r\n');
  const sizeBytes = named.reduce(
    (sum, { entry }, index) => sum + (heads[index]?.length ?? 0) + entry.sizeBytes + lineEnd.length,
    end.length,
  );
  return {
    contentType: `multipart/related; type="application/dicom"; boundary=${boundary}`,
    sizeBytes,
    async *bytes(openSnapshot) {
      const entries = named.map(({ entry }) => entry);
      for (const [index, instance] of plannedInstances(opened.plan, await openSnapshot(), entries).entries()) {
        yield heads[index] as Uint8Array;
        yield* instance.open();
        yield lineEnd;
      }
      yield end;
    },
  };
}
