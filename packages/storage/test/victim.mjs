// A process that writes to a store or a sign-log and kills itself at a given point. Runs the built package: what ships.
import { writeSync } from 'node:fs';
import { openSignLog, openStore } from '@radledger/storage';
import { openDatabaseFolder } from '@radledger/storage/classic-level';
import { SyntheticChain } from '@radledger/storage/conformance';

const task = JSON.parse(process.argv[2]);
const say = (line) => writeSync(1, `${line}\n`);
const die = () => process.kill(process.pid, 'SIGKILL');
/** Keeps this thread busy while another one writes. */
const spin = (micros) => {
  const end = process.hrtime.bigint() + BigInt(micros) * 1000n;
  while (process.hrtime.bigint() < end);
};

/** A database that dies around its n-th batch. */
function dyingIn(level, { batch: fatal, point, micros }) {
  let count = 0;
  const batch = (...args) => {
    if (++count !== fatal) return level.batch(...args);
    if (point === 'before') die();
    const written = level.batch(...args);
    if (point === 'inside') {
      spin(micros);
      die();
    }
    return written.then(die);
  };
  return new Proxy(level, {
    get(target, property) {
      if (property === 'batch') return batch;
      const value = Reflect.get(target, property, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

if (task.kind === 'store') {
  const chain = new SyntheticChain({ seed: task.seed });
  const level = await openDatabaseFolder({ folder: task.folder, create: task.create });
  const store = await openStore(dyingIn(level, task), { chainId: chain.chainId });
  await chain.take((store.tip?.height ?? -1) + 1);
  for (;;) {
    await store.commit(await chain.next());
    say(store.tip.height);
  }
} else if (task.kind === 'sign-log') {
  const log = await openSignLog(task.path, { nodeKey: new Uint8Array(32).fill(1) });
  for (let i = log.records.length; ; i++) {
    const appended = log.append(new Uint8Array(1 + (i % 300)).fill(i));
    if (i === task.fatal) {
      spin(task.micros);
      die();
    }
    await appended;
    say(i);
  }
} else {
  const level = await openDatabaseFolder({ folder: task.folder, create: false });
  const log = await openSignLog(task.path, { nodeKey: new Uint8Array(32).fill(1) });
  say('open');
  await new Promise((resolve) => process.stdin.once('data', resolve));
  await log.close();
  await level.close();
  process.exit(0);
}
