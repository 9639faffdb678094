import { type KeyboardEvent, type PointerEvent, useEffect, useId, useMemo, useRef, useState } from 'react';
import type { StudyImages } from '../model/images.js';
import type { Study } from '../model/shelf.js';
import { useApp } from '../parts/app-context.js';
import { Button } from '../parts/button.js';
import { Heading } from '../parts/heading.js';
import { Slider } from '../parts/slider.js';
import { Picture } from '../viewer/picture.js';
import { NotShownError } from '../viewer/picture-head.js';
import { LIGHT_AS_MADE, type Light, moved } from '../viewer/window.js';

/** One picture: a file of the study, and which of those in it. */
interface Place {
  readonly file: string;
  readonly frame: number;
  readonly group: number;
}

const STEPS: Readonly<Record<string, number>> = {
  ArrowUp: -1,
  ArrowLeft: -1,
  ArrowDown: 1,
  ArrowRight: 1,
  PageUp: -10,
  PageDown: 10,
  Home: Number.NEGATIVE_INFINITY,
  End: Number.POSITIVE_INFINITY,
};

/** Her images to look at, one after the other; not for diagnosis. */
export function ViewScreen(props: { readonly study: Study }) {
  const { study } = props;
  const { texts, session, fail } = useApp();
  const [images, setImages] = useState<StudyImages>();
  const [tries, setTries] = useState(0);
  useEffect(() => {
    const leave = new AbortController();
    session.openImages(study, leave.signal).then(setImages, (error: unknown) => {
      if (!leave.signal.aborted) fail(error, () => setTries((count) => count + 1));
    });
    return () => leave.abort();
  }, [session, study, fail, tries]);
  return (
    <>
      <Heading>
        <bdi>{study.label ?? texts.study.unnamed}</bdi>
      </Heading>
      {images === undefined ? <p role="status">{texts.view.opening}</p> : <Pictures images={images} />}
    </>
  );
}

function Pictures(props: { readonly images: StudyImages }) {
  const { images } = props;
  const { texts, fail } = useApp();
  const box = useRef<HTMLDivElement>(null);
  const picture = useRef<Promise<Picture>>(undefined);
  const dragged = useRef<{ readonly x: number; readonly y: number }>(undefined);
  /** Of the files that were opened: how many pictures each holds. */
  const [frames, setFrames] = useState<ReadonlyMap<string, number>>(new Map());
  const [at, setAt] = useState(0);
  const [light, setLight] = useState<Light>(LIGHT_AS_MADE);
  const lightNow = useRef(light);
  /** What came of the place that was shown last. */
  const [ended, setEnded] = useState<{
    readonly id: string;
    readonly as: 'picture' | 'failed' | NotShownError['reason'];
  }>();
  const [tries, setTries] = useState(0);
  const groupId = useId();

  const places = useMemo(() => placesIn(images, frames), [images, frames]);
  const { file, frame, group } = places[at] as Place;
  const next = places[at + 1]?.file;
  const id = `${file}/${frame}/${tries}`;
  // With the number of the picture, not behind it: what is said is never about the one before.
  const shown = ended?.id === id ? ended.as : 'loading';

  useEffect(() => {
    const opened = Promise.resolve(box.current as HTMLDivElement).then((element) => Picture.on(element));
    picture.current = opened;
    opened.catch((error: unknown) => fail(error));
    const resize = (): void => void opened.then((open) => open.resize());
    window.addEventListener('resize', resize);
    return () => {
      window.removeEventListener('resize', resize);
      opened.then((open) => open.close()).catch(() => undefined);
    };
  }, [fail]);

  useEffect(() => {
    const leave = new AbortController();
    const { signal } = leave;
    const show = async (): Promise<void> => {
      const bytes = await images.file(file, signal);
      const open = await picture.current;
      if (signal.aborted || open === undefined) return;
      const count = await open.show(bytes, frame, lightNow.current);
      if (signal.aborted) return;
      setFrames((known) => (known.get(file) === count ? known : new Map(known).set(file, count)));
      setEnded({ id, as: 'picture' });
      // The next one is there when she comes to it; whether it came is asked then.
      if (next !== undefined && next !== file) await images.file(next, signal).catch(() => undefined);
    };
    show().catch((error: unknown) => {
      if (signal.aborted) return;
      if (error instanceof NotShownError) setEnded({ id, as: error.reason });
      else {
        setEnded({ id, as: 'failed' });
        fail(error, () => setTries((count) => count + 1));
      }
    });
    return () => leave.abort();
  }, [images, file, frame, next, fail, id]);

  useEffect(() => {
    lightNow.current = light;
    void picture.current?.then((open) => open.light(light));
  }, [light]);

  const step = (by: number): void => setAt((place) => Math.min(places.length - 1, Math.max(0, place + by)));
  useEffect(() => {
    const element = box.current as HTMLDivElement;
    const wheel = (event: WheelEvent): void => {
      event.preventDefault(); // the page itself does not move
      setAt((place) => Math.min(places.length - 1, Math.max(0, place + Math.sign(event.deltaY))));
    };
    element.addEventListener('wheel', wheel, { passive: false });
    return () => element.removeEventListener('wheel', wheel);
  }, [places.length]);

  const press = (event: KeyboardEvent): void => {
    const by = STEPS[event.key];
    if (by === undefined) return;
    event.preventDefault();
    step(by);
  };
  const drag = (event: PointerEvent<HTMLDivElement>): void => {
    const { clientX: x, clientY: y } = event;
    const from = dragged.current;
    if (from === undefined || (Math.abs(x - from.x) < 3 && Math.abs(y - from.y) < 3)) return;
    dragged.current = { x, y };
    setLight((now) => moved(now, { brightness: (from.y - y) / 3, contrast: (x - from.x) / 3 }));
  };
  const count = texts.view.place(at + 1, places.length);
  const said = {
    loading: texts.view.loading,
    picture: '',
    failed: '',
    report: texts.view.report,
    unsupported: texts.view.unsupported,
  };
  return (
    <>
      <figure className="picture">
        <figcaption>{texts.view.notForDiagnosis}</figcaption>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it is moved through by keyboard */}
        <div
          ref={box}
          className={shown === 'picture' || shown === 'loading' ? undefined : 'no-picture'}
          role="img"
          aria-label={count}
          tabIndex={0}
          onKeyDown={press}
          onPointerDown={(event) => {
            event.currentTarget.setPointerCapture(event.pointerId);
            dragged.current = { x: event.clientX, y: event.clientY };
          }}
          onPointerMove={drag}
          onPointerUp={() => {
            dragged.current = undefined;
          }}
          onPointerCancel={() => {
            dragged.current = undefined;
          }}
        />
        {said[shown] !== '' && (
          <p className="said-over" role="status">
            {said[shown]}
          </p>
        )}
      </figure>
      {images.groups.length > 1 && (
        <div className="field">
          <label htmlFor={groupId}>{texts.view.group}</label>
          <select
            id={groupId}
            value={group}
            onChange={({ target }) => setAt(places.findIndex((place) => place.group === Number(target.value)))}
          >
            {images.groups.map(({ name }, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: groups have no other name, and never move
              <option key={index} value={index}>
                {name === undefined ? texts.view.groupNumber(index + 1) : `${index + 1}. ${name}`}
              </option>
            ))}
          </select>
        </div>
      )}
      <Slider
        label={texts.view.image}
        value={at + 1}
        min={1}
        max={places.length}
        said={count}
        onValue={(to) => setAt(to - 1)}
      />
      <Slider
        label={texts.view.brightness}
        value={light.brightness}
        min={0}
        max={100}
        onValue={(brightness) => setLight({ ...light, brightness })}
      />
      <Slider
        label={texts.view.contrast}
        value={light.contrast}
        min={0}
        max={100}
        onValue={(contrast) => setLight({ ...light, contrast })}
      />
      <Button kind="quiet" onPress={() => setLight(LIGHT_AS_MADE)}>
        {texts.view.asMade}
      </Button>
      <p className="note">{texts.view.hint}</p>
    </>
  );
}

/** What is not opened yet counts as one picture. */
function placesIn({ groups }: StudyImages, frames: ReadonlyMap<string, number>): readonly Place[] {
  return groups.flatMap(({ sopInstanceUids }, group) =>
    sopInstanceUids.flatMap((file) =>
      Array.from({ length: frames.get(file) ?? 1 }, (_, frame): Place => ({ file, frame, group })),
    ),
  );
}
