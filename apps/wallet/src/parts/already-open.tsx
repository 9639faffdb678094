import { useApp } from './app-context.js';
import { Button } from './button.js';
import { Heading } from './heading.js';

/** Images are open here: those of somebody else go beside them, under a name. */
export function AlreadyOpen(props: { readonly title: string }) {
  const { texts, navigation } = useApp();
  return (
    <>
      <Heading>{props.title}</Heading>
      <p className="lead">{texts.restore.already}</p>
      <Button onPress={navigation.home}>{texts.ways.toHome}</Button>
      <Button kind="quiet" onPress={() => navigation.go({ name: 'add-profile' })}>
        {texts.profiles.someone}
      </Button>
    </>
  );
}
