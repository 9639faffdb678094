/** How long a phone that is four times slower takes to its first screen; nothing of it was there before. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser } from 'playwright-core';
import { Phone } from './phone.js';

const TIMES = 4;
const PLAIN =
  '<!doctype html><html lang="en"><title>Plain</title><h1>No images here yet</h1><button>I have a link</button>';

/** Milliseconds from asking for the app's address until its first screen can be used. */
export async function firstScreen(browser: Browser, url: string): Promise<number> {
  const phone = await Phone.switchOn(browser);
  await phone.slowDown(TIMES);
  const begun = performance.now();
  await phone.open(url);
  await phone.button('I have a link').waitFor();
  const ms = Math.round(performance.now() - begun);
  await phone.switchOff();
  return ms;
}

/** The same of a page that is nothing but text. */
export async function plainPage(browser: Browser): Promise<number> {
  const server = createServer((_request, response) =>
    response.writeHead(200, { 'Content-Type': 'text/html' }).end(PLAIN),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    return await firstScreen(browser, `http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}
