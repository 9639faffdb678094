import { type ComponentProps, lazy, Suspense, useState } from 'react';
import { useApp } from './app-context.js';
import { Field } from './field.js';

/** The reader of squares is large: it comes when somebody scans. */
const Scanner = lazy(async () => ({ default: (await import('./scanner.js')).Scanner }));

/** A field for what stands in a square too: typed, pasted, or scanned. */
export function ScanField(props: Omit<ComponentProps<typeof Field>, 'autoComplete' | 'autoCapitalize' | 'spellCheck'>) {
  const { texts } = useApp();
  const [isScanning, setScanning] = useState(false);
  return (
    <>
      <Field {...props} autoComplete="off" autoCapitalize="none" spellCheck={false} />
      <button
        type="button"
        className="button quiet"
        aria-label={texts.scan.of(props.label)}
        onClick={() => setScanning(true)}
      >
        {texts.scan.open}
      </button>
      {isScanning && (
        <Suspense fallback={<p role="status">{texts.frame.working}</p>}>
          <Scanner
            onClose={() => setScanning(false)}
            onText={(text) => {
              setScanning(false);
              props.onText(text);
            }}
          />
        </Suspense>
      )}
    </>
  );
}
