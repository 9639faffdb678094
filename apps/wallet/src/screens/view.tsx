import { type KeyboardEvent, type PointerEvent, useCallback, useEffect, useId, useMemo, useRef, useState } from 'react';
import type { StudyImages } from '../model/images.js';
import type { Study } from '../model/shelf.js';
import { useApp } from '../parts/app-context.js';
import { Button } from '../parts/button.js';
import { Heading } from '../parts/heading.js';
import { Slider } from '../parts/slider.js';
import type { NotShownError } from '../viewer/picture-head.js';
import { AHEAD, Stage } from '../viewer/stage.js';
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
  const stage = useRef<Stage>(undefined);
  const dragged = useRef<{ readonly x: number; readonly y: number }>(undefined);
  /** Of the files that were opened and hold more than one picture: how many. */
  const [frames, setFrames] = useState<ReadonlyMap<string, number>>(new Map());
  const [{ at, isBackward }, setPlace] = useState({ at: 0, isBackward: false });
  const [light, setLight] = useState<Light>(LIGHT_AS_MADE);
  /** What came of the place that was shown last. */
  const [ended, setEnded] = useState<{
    readonly id: string;
    readonly as: 'picture' | 'failed' | NotShownError['reason'];
  }>();
  const [tries, setTries] = useState(0);
  const groupId = useId();

  const places = useMemo(() => placesIn(images, frames), [images, frames]);
  const { file, frame, group } = places[at] as Place;
  /** One text, so that it is another only when they are others. */
  const ahead = filesAhead(places, at, isBackward).join('/');
  const id = `${file}/${frame}/${tries}`;
  // With the number of the picture, not behind it: what is said is never about the one before.
  const shown = ended?.id === id ? ended.as : 'loading';

  useEffect(() => {
    const opened = new Stage(box.current as HTMLDivElement, images, {
      shown({ id: was, file: of }, count) {
        setFrames((known) => ((known.get(of) ?? 1) === count ? known : new Map(known).set(of, count)));
        setEnded({ id: was, as: 'picture' });
      },
      notShown: ({ id: was }, reason) => setEnded({ id: was, as: reason }),
      failed({ id: was }, error) {
        setEnded({ id: was, as: 'failed' });
        fail(error, () => setTries((count) => count + 1));
      },
    });
    stage.current = opened;
    const resize = (): void => opened.resize();
    window.addEventListener('resize', resize);
    return () => {
      window.removeEventListener('resize', resize);
      void opened.close();
    };
  }, [images, fail]);
  useEffect(
    () => stage.current?.want({ id, at, file, frame, ahead: ahead === '' ? [] : ahead.split('/') }),
    [id, at, file, frame, ahead],
  );
  useEffect(() => stage.current?.light(light), [light]);

  const count = places.length;
  const goTo = useCallback(
    (to: (at: number) => number): void =>
      setPlace((place) => {
        const next = Math.min(count - 1, Math.max(0, to(place.at)));
        return next === place.at ? place : { at: next, isBackward: next < place.at };
      }),
    [count],
  );
  useEffect(() => {
    const element = box.current as HTMLDivElement;
    const wheel = (event: WheelEvent): void => {
      event.preventDefault(); // the page itself does not move
      goTo((place) => place + Math.sign(event.deltaY));
    };
    element.addEventListener('wheel', wheel, { passive: false });
    return () => element.removeEventListener('wheel', wheel);
  }, [goTo]);

  const press = (event: KeyboardEvent): void => {
    const by = STEPS[event.key];
    if (by === undefined) return;
    event.preventDefault();
    goTo((place) => place + by);
  };
  const drag = (event: PointerEvent<HTMLDivElement>): void => {
    const { clientX: x, clientY: y } = event;
    const from = dragged.current;
    if (from === undefined || (Math.abs(x - from.x) < 3 && Math.abs(y - from.y) < 3)) return;
    dragged.current = { x, y };
    setLight((now) => moved(now, { brightness: (from.y - y) / 3, contrast: (x - from.x) / 3 }));
  };
  const placeSaid = texts.view.place(at + 1, count);
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
          aria-label={placeSaid}
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
            onChange={({ target }) => goTo(() => places.findIndex((place) => place.group === Number(target.value)))}
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
        max={count}
        said={placeSaid}
        onValue={(to) => goTo(() => to - 1)}
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

/** The files that she comes to next when she goes on as she does, the nearest first. */
function filesAhead(places: readonly Place[], at: number, isBackward: boolean): readonly string[] {
  const found = new Set<string>();
  const here = (places[at] as Place).file;
  for (let place = at; found.size < AHEAD && places[place] !== undefined; place += isBackward ? -1 : 1) {
    const { file } = places[place] as Place;
    if (file !== here) found.add(file);
  }
  return [...found];
}

/** What is not opened yet counts as one picture. */
function placesIn({ groups }: StudyImages, frames: ReadonlyMap<string, number>): readonly Place[] {
  return groups.flatMap(({ sopInstanceUids }, group) =>
    sopInstanceUids.flatMap((file) =>
      Array.from({ length: frames.get(file) ?? 1 }, (_, frame): Place => ({ file, frame, group })),
    ),
  );
}
