export { createHost, type Host, type HostOptions, type HostStart } from './host.js';
export type { Awaitable, HostPorts } from './ports.js';
