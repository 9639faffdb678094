// Goal: who takes an instance unit by unit, each just in time, is left. Method: a connection whose every unit takes a while to be taken.
import { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { Association } from '../src/association.js';
import { FIELD } from '../src/command-set.js';
import { PduSocket } from '../src/pdu-socket.js';

/** A connection that takes each unit after so long. */
class SlowSocket extends PduSocket {
  units = 0;
  constructor(private readonly unitMs: number) {
    super(new Socket(), { pduBytesMax: 1_024, timeoutMs: 300 });
  }
  override async writeValue(): Promise<void> {
    this.units += 1;
    await new Promise((resolve) => setTimeout(resolve, this.unitMs));
  }
}

/** Units of 1,012 bytes: 127 ms each at 8 KiB/s. */
async function send(socket: SlowSocket, units: number): Promise<void> {
  async function* dataSet(): AsyncGenerator<Uint8Array> {
    for (let unit = 0; unit < units; unit++) yield new Uint8Array(1_012);
  }
  const command = {
    field: FIELD.storeRequest,
    messageId: 1,
    priority: 0,
    sopClassUid: '1.2',
    sopInstanceUid: '2.25.3',
  };
  await new Association(socket, [], 1_024).send(1, command, dataSet());
}

test('an archive that takes an instance too slowly', async () => {
  const socket = new SlowSocket(250);
  await expect(send(socket, 1_000)).rejects.toMatchObject({
    code: 'ARCHIVE_UNAVAILABLE',
    info: { reason: 'TOO_SLOW' },
  });
  expect(socket.units).toBeLessThan(10);
});

test('one that is fast enough gets all of it, and its command', async () => {
  const socket = new SlowSocket(1);
  await send(socket, 20);
  expect(socket.units).toBe(21);
});
