import { useState } from 'react';
import type { Study } from '../model/shelf.js';
import { useApp } from './app-context.js';
import { Button } from './button.js';
import { Dialog } from './dialog.js';

/** Her wish that a hospital erases a study, as a line to its privacy office: people decide there, and answer her. */
export function EraseWish(props: { readonly study: Study }) {
  const { study } = props;
  const { texts, session } = useApp();
  const [step, setStep] = useState<'closed' | 'asking' | 'told'>('closed');
  const told = texts.erased;
  const tell = async (): Promise<void> => {
    await session.tellPrivacyOffice(study, told.wishMessage);
    setStep('told');
  };
  if (step === 'told') return <p role="status">{told.wishTold}</p>;
  return (
    <>
      <button type="button" className="link" onClick={() => setStep('asking')}>
        {told.wish}
      </button>
      {step === 'asking' && (
        <Dialog title={told.wishAsk} onClose={() => setStep('closed')}>
          <p>{told.wishText}</p>
          <div className="pair">
            <Button onPress={tell}>{told.wishSend}</Button>
            <Button kind="quiet" onPress={() => setStep('closed')}>
              {texts.frame.back}
            </Button>
          </div>
        </Dialog>
      )}
    </>
  );
}
