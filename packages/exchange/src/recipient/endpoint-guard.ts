/**
 * Where a recipient's gateway may be sent by a ledger cell: anyone who owns a source key chose that URL. Threat: requests
 * to the recipient's own network.
 */
import { lookup } from 'node:dns/promises';
import { BlockList, isIP, isIPv4 } from 'node:net';
import { ExchangeError } from '../errors.js';

export interface EndpointGuardOptions {
  /** Lets loopback addresses and `localhost` through: test nets on one machine. Default false. */
  readonly allowLoopback?: boolean;
  /** Lets private, shared and unique-local addresses through: networks of centres that meet in a VPN. Default false. */
  readonly allowPrivate?: boolean;
  /** All addresses of a host name; default the system's resolver. */
  readonly resolve?: (hostName: string) => Promise<readonly string[]>;
}

/** Where a request may go. */
export interface GuardedEndpoint {
  /** The ITI-43 URL. */
  readonly url: string;
  /** Connect to these: a name that resolves differently a moment later leads nowhere else. */
  readonly addresses: readonly string[];
}

/**
 * Checks a source's base URL and every address that its host has now. Redirects are never followed, and the TLS pin is checked before a
 * byte of a request is sent.
 * @throws {ExchangeError} `ENDPOINT_REFUSED`
 */
export async function guardEndpoint(baseUrl: string, options: EndpointGuardOptions = {}): Promise<GuardedEndpoint> {
  const url = parse(baseUrl);
  if (url.protocol !== 'https:') throw refused('https');
  if (url.username !== '' || url.password !== '') throw refused('no user name');
  if (url.search !== '' || url.hash !== '') throw refused('no query or fragment');
  if (SERVICE_PORTS.test(url.port) && options.allowLoopback !== true) throw refused('port 443, or one from 1024 on');
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  if (isIP(host) !== 0) {
    if (!(isLoopback(host) && options.allowLoopback === true)) throw refused('a host name, not an address');
    return { url: `${baseUrl}/xds/iti43`, addresses: [host] };
  }
  const addresses = await (options.resolve ?? systemResolve)(host).catch((cause: unknown) => {
    throw new ExchangeError(
      { code: 'ENDPOINT_REFUSED', reason: 'DNS' },
      'the host name of the source does not resolve',
      { cause },
    );
  });
  if (addresses.length === 0) throw refused('a host name that resolves');
  for (const address of addresses) {
    if (isLoopback(address) ? options.allowLoopback !== true : isReserved(address)) throw refused('a public address');
    if (isPrivate(address) && options.allowPrivate !== true) throw refused('a public address');
  }
  return { url: `${baseUrl}/xds/iti43`, addresses };
}

/** Below 1024; the URL standard leaves 443 out. */
const SERVICE_PORTS = /^(\d{1,3}|10[01]\d|102[0-3])$/;

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

// RFC 1918, RFC 6598, RFC 4193.
const privateRanges = new BlockList();
for (const [network, bits] of [
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['100.64.0.0', 10],
] as const) {
  privateRanges.addSubnet(network, bits, 'ipv4');
}
privateRanges.addSubnet('fc00::', 7, 'ipv6');

// IANA special-purpose registries: this host, link-local (cloud metadata), protocol assignments, addresses that carry an IPv4 one,
// multicast, reserved.
const reserved = new BlockList();
for (const [network, bits] of [
  ['0.0.0.0', 8],
  ['169.254.0.0', 16],
  ['192.0.0.0', 24],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
] as const) {
  reserved.addSubnet(network, bits, 'ipv4');
}
for (const [network, bits] of [
  ['::', 96],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['2001::', 23],
  ['2002::', 16],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
] as const) {
  reserved.addSubnet(network, bits, 'ipv6');
}

function isIn(list: BlockList, address: string): boolean {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
  return list.check(mapped, isIPv4(mapped) ? 'ipv4' : 'ipv6');
}

const isLoopback = (address: string): boolean => isIn(loopback, address);
const isPrivate = (address: string): boolean => isIn(privateRanges, address);
const isReserved = (address: string): boolean => isIn(reserved, address) || isIP(address) === 0;

async function systemResolve(hostName: string): Promise<readonly string[]> {
  return (await lookup(hostName, { all: true })).map(({ address }) => address);
}

function parse(baseUrl: string): URL {
  try {
    return new URL(baseUrl);
  } catch {
    throw refused('an absolute URL');
  }
}

function refused(rule: string): ExchangeError {
  return new ExchangeError({ code: 'ENDPOINT_REFUSED' }, `the endpoint of the source is refused: expected ${rule}`);
}
