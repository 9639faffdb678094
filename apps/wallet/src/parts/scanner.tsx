import { decodeQR } from 'qr/decode.js';
import { useEffect, useRef, useState } from 'react';
import { useApp } from './app-context.js';
import { Button } from './button.js';
import { Dialog } from './dialog.js';

/** Longer side of what is looked at: enough for the largest square that is shown, and quick on an old phone. */
const SIDE_MAX = 800;

/** Reads one square with the camera, which is on only while this is shown. What it read is judged by whoever asked. */
export function Scanner(props: { readonly onText: (text: string) => void; readonly onClose: () => void }) {
  const { onText, onClose } = props;
  const { texts } = useApp();
  const [isRefused, setRefused] = useState(false);
  const player = useRef<HTMLVideoElement>(null);
  const found = useRef(onText);
  useEffect(() => {
    found.current = onText;
  });
  useEffect(() => {
    const video = player.current;
    if (video === null) return undefined;
    const stop = new AbortController();
    readSquare(video, stop.signal).then(
      (text) => text !== undefined && found.current(text),
      () => stop.signal.aborted || setRefused(true),
    );
    return () => stop.abort();
  }, []);
  return (
    <Dialog title={texts.scan.title} onClose={onClose}>
      {isRefused ? (
        <p role="alert">{texts.scan.refused}</p>
      ) : (
        <video ref={player} className="camera" muted playsInline aria-hidden="true" />
      )}
      <Button kind="quiet" onPress={onClose}>
        {texts.frame.back}
      </Button>
    </Dialog>
  );
}

/** @returns the text of the first square that is seen; undefined when it was stopped before */
async function readSquare(video: HTMLVideoElement, signal: AbortSignal): Promise<string | undefined> {
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' } });
  try {
    video.srcObject = stream;
    await video.play();
    const context = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
    if (context === null) throw new TypeError('nothing can be drawn here');
    while (!signal.aborted) {
      await new Promise((resolve) => requestAnimationFrame(resolve));
      const text = squareIn(video, context);
      if (text !== undefined) return text;
    }
    return undefined;
  } finally {
    for (const track of stream.getTracks()) track.stop();
  }
}

function squareIn(video: HTMLVideoElement, context: CanvasRenderingContext2D): string | undefined {
  const { videoWidth, videoHeight } = video;
  const scale = Math.min(1, SIDE_MAX / Math.max(videoWidth, videoHeight));
  const width = Math.floor(videoWidth * scale);
  const height = Math.floor(videoHeight * scale);
  if (width === 0 || height === 0) return undefined;
  Object.assign(context.canvas, { width, height });
  context.drawImage(video, 0, 0, width, height);
  try {
    return decodeQR(context.getImageData(0, 0, width, height));
  } catch {
    return undefined; // most frames hold no square
  }
}
