/** The tables of the gateway's configuration for what is ordered, and for what arrives by itself. */
import { isHl7CharacterSet } from '@radledger/imaging/orders';
import { z } from 'zod';
import { aeTitle, certificateFilesIn, goTogether, host, KEY_AND_CERTIFICATE, port } from './archive-config.js';

type Path = z.ZodType<string, string>;

/** Where the worklist knows from what was ordered. */
export function ordersIn(path: Path) {
  return z
    .strictObject({
      /** Whose accession numbers those are that name no issuer. */
      issuer: z.string().min(1).max(64).optional(),
      lookSeconds: z.int().min(1).max(86_400).default(60),
      /** How long orders, and files of them, are kept. */
      keepDays: z.int().min(1).max(400).default(30),
      /** A DICOM Modality Worklist. */
      worklist: z
        .strictObject({
          host,
          port,
          /** What the worklist calls itself. */
          aeTitle,
          /** What it knows this gateway as. */
          gatewayAeTitle: aeTitle,
          tls: z.boolean().default(false),
          ...certificateFilesIn(path),
          /** Asked for: what is scheduled from yesterday to so many days from now. */
          daysAhead: z.int().min(0).max(366).default(7),
        })
        .refine(goTogether, KEY_AND_CERTIFICATE)
        .refine(({ tls, authority, key }) => tls || (authority === undefined && key === undefined), {
          path: ['tls'],
          message: 'must be true where authority, key or certificate are given',
        })
        .optional(),
      /** HL7 version 2 messages, dropped as files. */
      hl7: z
        .strictObject({
          folder: path,
          characterSet: z
            .string()
            .refine(isHl7CharacterSet, 'must be a character set as HL7 table 0211 calls it')
            .default('UNICODE UTF-8'),
        })
        .optional(),
    })
    .refine(({ worklist, hl7 }) => worklist !== undefined || hl7 !== undefined, {
      message: 'needs a table worklist, a table hl7 or both',
    });
}

/** Where this gateway takes studies that modalities push, or a PACS routes on, into its folder. */
export function arrivalsIn(path: Path) {
  return z
    .strictObject({
      host,
      port,
      /** What this gateway calls itself. */
      aeTitle,
      /** AE titles that may send. */
      callers: z.array(aeTitle).min(1).max(64),
      ...certificateFilesIn(path),
    })
    .refine(goTogether, KEY_AND_CERTIFICATE)
    .refine(({ authority, key }) => authority === undefined || key !== undefined, {
      path: ['authority'],
      message: 'needs key and certificate beside it: without them callers are not asked for theirs',
    });
}

interface SourceArchive {
  readonly folder?: string | undefined;
  readonly arrivals?: object | undefined;
}

export const arriveInFolder = ({ folder, arrivals }: SourceArchive): boolean =>
  arrivals === undefined || folder !== undefined;
export const ARRIVALS_NEED_FOLDER = { path: ['arrivals'], message: 'needs folder: a PACS has a listener of its own' };
