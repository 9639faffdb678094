import { useApp } from '../parts/app-context.js';
import { Button } from '../parts/button.js';
import { Heading } from '../parts/heading.js';

/** F3: she begins. Nothing is typed but what the clinic gave her. */
export function ShareScreen() {
  const { texts, navigation } = useApp();
  return (
    <>
      <Heading>{texts.share.title}</Heading>
      <p className="lead">{texts.share.text}</p>
      <Button onPress={() => navigation.go({ name: 'link' })}>{texts.share.paste}</Button>
    </>
  );
}
