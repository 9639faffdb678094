export { work } from './work.js';
