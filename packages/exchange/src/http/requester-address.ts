/** Who asks, by address: of the connection, or what a proxy that is trusted says of it. */
import { isIP } from 'node:net';
import type { Request } from 'express';
import { ipKeyGenerator } from 'express-rate-limit';

/**
 * @param request - in an express app that knows how many proxies are to be believed: others' `X-Forwarded-For` counts for nothing
 * @returns an IP address; the proxy's where it forwarded something else
 */
export function requesterAddress(request: Request): string | undefined {
  const { ip } = request;
  return ip !== undefined && isIP(ip) !== 0 ? ip : request.socket.remoteAddress;
}

/** What requests are counted by: an IPv4 address, or the /56 of an IPv6 address. */
export function requesterNetwork(request: Request): string {
  return ipKeyGenerator(requesterAddress(request) ?? '');
}
