import { useApp } from '../parts/app-context.js';
import { Confirm } from '../parts/confirm.js';
import { Heading } from '../parts/heading.js';

/** Something rests on this device, and waits for its holder. */
export function Locked() {
  const { texts, session } = useApp();
  return (
    <>
      <Heading>{texts.locked.title}</Heading>
      <p className="lead">{texts.locked.text}</p>
      <Confirm
        onConfirmed={async (how) => {
          await session.open(how);
          await session.refresh();
        }}
      >
        {texts.locked.open}
      </Confirm>
    </>
  );
}
