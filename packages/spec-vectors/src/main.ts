/** Writes `vectors/*.json`. A changed file is a changed format: it needs a new tag or format number and an ADR. */
import { writeFileSync } from 'node:fs';
import { allVectors, vectorText } from './index.js';

for (const file of await allVectors()) {
  writeFileSync(new URL(`../vectors/${file.name}.json`, import.meta.url), vectorText(file));
}
