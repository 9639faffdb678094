import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

/**
 * Below the range from which systems choose ports themselves (49,152 by RFC 6335, 32,768 on Linux): a connection that is tried while its
 * node is down could otherwise be given that node's port as its own, and the node could not come back.
 */
const LOWEST = 20_000;
const HIGHEST = 32_000;

/** Loopback ports that nobody listens on now; all different. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = new Map<number, Server>();
  while (servers.size < count) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
    const server = servers.has(port) ? undefined : await listening(port);
    if (server !== undefined) servers.set(port, server);
  }
  await Promise.all([...servers.values()].map((server) => new Promise((resolve) => server.close(resolve))));
  return [...servers.keys()];
}

async function listening(port: number): Promise<Server | undefined> {
  const server = createServer();
  server.listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
    return server;
  } catch {
    return undefined;
  }
}
