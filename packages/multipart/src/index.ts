export { type ContentType, parseContentType } from './content-type.js';
export { MultipartError, type MultipartProblem } from './errors.js';
export { type MultipartOptions, type MultipartPart, readMultipart } from './multipart-reader.js';
