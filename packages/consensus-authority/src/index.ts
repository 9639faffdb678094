export { authority } from './authority.js';
