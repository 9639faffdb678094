import { useEffect, useRef, useState } from 'react';
import type { Study } from '../model/shelf.js';
import { useApp } from '../parts/app-context.js';
import { Button } from '../parts/button.js';
import { Heading } from '../parts/heading.js';

const MEGABYTE = 1_000_000;

/** A copy of one study for her own keeping: fetched, checked as a whole, and only then offered. */
export function CopyScreen(props: { readonly study: Study }) {
  const { study } = props;
  const { texts, session } = useApp();
  const [fetched, setFetched] = useState<{ readonly bytes: number; readonly totalBytes: number | undefined }>();
  const [address, setAddress] = useState<string>();
  const left = useRef(new AbortController());
  useEffect(() => {
    const leave = new AbortController();
    left.current = leave;
    return () => leave.abort();
  }, []);
  useEffect(() => (address === undefined ? undefined : () => URL.revokeObjectURL(address)), [address]);

  const keep = async (): Promise<void> => {
    const { signal } = left.current;
    setFetched({ bytes: 0, totalBytes: undefined });
    try {
      const images = await session.openImages(study, signal);
      const copy = await images.copy({ signal, onBytes: (bytes, totalBytes) => setFetched({ bytes, totalBytes }) });
      setAddress(URL.createObjectURL(copy));
    } catch (error) {
      setFetched(undefined);
      if (!signal.aborted) throw error;
    }
  };
  const inMegabytes = (bytes: number): string =>
    new Intl.NumberFormat(texts.locale, { style: 'unit', unit: 'megabyte', maximumFractionDigits: 1 }).format(
      bytes / MEGABYTE,
    );
  return (
    <>
      <Heading>{texts.copy.title}</Heading>
      <p className="lead">
        <bdi>{study.label ?? texts.study.unnamed}</bdi>
      </p>
      {address === undefined ? (
        <>
          <p>{texts.copy.text}</p>
          <Button onPress={keep}>{texts.copy.fetch}</Button>
          {fetched !== undefined && (
            <p role="status">
              {texts.copy.fetching}{' '}
              {fetched.bytes > 0 &&
                texts.copy.progress(
                  inMegabytes(fetched.bytes),
                  fetched.totalBytes === undefined ? undefined : inMegabytes(fetched.totalBytes),
                )}
            </p>
          )}
        </>
      ) : (
        <>
          <p role="status">{texts.copy.ready}</p>
          <a className="button" href={address} download={texts.copy.fileName}>
            {texts.copy.save}
          </a>
          <p className="note">{texts.copy.care}</p>
        </>
      )}
    </>
  );
}
