/** The tables of an archive in the gateway's configuration: a folder, `dicomweb` or `dimse`. */
import { z } from 'zod';

type Path = z.ZodType<string, string>;

export const port = z.int().min(0).max(65_535);
export const host = z.string().min(1).max(255);
export const aeTitle = z
  .string()
  .regex(/^[^\s\\](?:[\x20-\x5b\x5d-\x7e]{0,14}[^\s\\])?$/, 'must be an AE title: 1 to 16 characters, no backslash');

interface CertificateFiles {
  readonly key?: string | undefined;
  readonly certificate?: string | undefined;
}

export const goTogether = ({ key, certificate }: CertificateFiles): boolean =>
  (key === undefined) === (certificate === undefined);
export const KEY_AND_CERTIFICATE = { message: 'key and certificate go together' };

/** Files of one side of a TLS connection. */
export function certificateFilesIn(path: Path) {
  return {
    /** PEM of who may have signed the other side's certificate; default the system's. */
    authority: path.optional(),
    /** PEM of the own key and certificate, where the other side asks for one. */
    key: path.optional(),
    certificate: path.optional(),
  };
}

interface Archives {
  readonly folder?: string | undefined;
  readonly dicomweb?: object | undefined;
  readonly dimse?: object | undefined;
}

export const isOneArchive = ({ folder, dicomweb, dimse }: Archives): boolean =>
  [folder, dicomweb, dimse].filter((archive) => archive !== undefined).length === 1;
export const ONE_ARCHIVE = { message: 'needs one of folder, a table dicomweb and a table dimse' };

/** Keys of an archive; exactly one is given. */
export function archiveIn(path: Path) {
  return {
    /** Folder of DICOM files. */
    folder: path.optional(),
    /** A PACS that speaks DICOMweb. */
    dicomweb: z
      .strictObject({
        /** Root of the services. */
        url: z.string().regex(/^https?:\/\/[^?#@\s]+$/, 'must be http(s)://host[:port]/path'),
        /** Holds the value of the Authorization header, for instance `Basic ...`. */
        authorizationFile: path.optional(),
        /** Instances at a time: one is not for readers. */
        connectionsMax: z.int().min(2).max(64).default(8),
        ...certificateFilesIn(path),
      })
      .refine(goTogether, KEY_AND_CERTIFICATE)
      .optional(),
    /** A PACS that speaks DIMSE. */
    dimse: z
      .strictObject({
        host,
        port,
        /** What the PACS calls itself. */
        aeTitle,
        /** What the PACS knows this gateway as. */
        gatewayAeTitle: aeTitle,
        tls: z.boolean().default(false),
        ...certificateFilesIn(path),
        associationsMax: z.int().min(1).max(64).default(4),
        /** `listed`: for a PACS that re-encodes what it is given. */
        filingCheck: z.enum(['bytes', 'listed']).default('bytes'),
        /** Where this gateway takes instances of C-MOVE, for a PACS without C-GET. */
        receiver: z
          .strictObject({
            host,
            port,
            /** AE titles that may send; default the PACS. */
            callers: z.array(aeTitle).min(1).max(64).optional(),
            ...certificateFilesIn(path),
          })
          .refine(goTogether, KEY_AND_CERTIFICATE)
          .refine(({ authority, key }) => authority === undefined || key !== undefined, {
            path: ['authority'],
            message: 'needs key and certificate beside it: without them callers are not asked for theirs',
          })
          .optional(),
      })
      .refine(goTogether, KEY_AND_CERTIFICATE)
      .refine(({ tls, authority, key }) => tls || (authority === undefined && key === undefined), {
        path: ['tls'],
        message: 'must be true where authority, key or certificate are given',
      })
      .optional(),
  };
}
