import { Button } from './button.js';
import { Dialog } from './dialog.js';

/** Asks before something ends: what that means, and a way to leave it as it is. */
export function Question(props: {
  readonly title: string;
  readonly text: string;
  /** The words of both buttons. */
  readonly end: string;
  readonly keep: string;
  readonly onEnd: () => void | Promise<void>;
  readonly onKeep: () => void;
}) {
  return (
    <Dialog title={props.title} onClose={props.onKeep}>
      <p>{props.text}</p>
      <div className="pair">
        <Button kind="stop" onPress={props.onEnd}>
          {props.end}
        </Button>
        <Button kind="quiet" onPress={props.onKeep}>
          {props.keep}
        </Button>
      </div>
    </Dialog>
  );
}
