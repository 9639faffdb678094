/**
 * Where a program may be sent by an address that somebody else chose, on the ledger or in a link. Threat: requests to the network that
 * the program runs in (server-side request forgery). Browsers have rules of their own.
 */
import { lookup } from 'node:dns/promises';
import { BlockList, isIP, isIPv4, type LookupFunction } from 'node:net';
import { Iti43Error } from '../errors.js';

export interface AddressRules {
  /** Lets loopback addresses and `localhost` through: test nets on one machine. Default false. */
  readonly allowLoopback?: boolean;
  /** Lets private, shared and unique-local addresses through: networks of centres that meet in a VPN. Default false. */
  readonly allowPrivate?: boolean;
  /** All addresses of a host name; default the system's resolver. */
  readonly resolve?: (hostName: string) => Promise<readonly string[]>;
}

/**
 * Judges an address and everything that its host name resolves to now. Connect to what this returns: a name that resolves differently a
 * moment later then leads nowhere else. Follow no redirect.
 * @param url - https; http only to loopback, where that is allowed
 * @returns IP addresses, one or more
 * @throws {Iti43Error} `ADDRESS_REFUSED`; `rule` says what would be right, `dns` that the name does not resolve
 */
export async function guardedAddresses(url: string, rules: AddressRules = {}): Promise<readonly string[]> {
  const { protocol, username, password, port, hostname } = parse(url);
  const mayLoop = rules.allowLoopback === true;
  if (username !== '' || password !== '') throw refused('no user name');
  if (SERVICE_PORTS.test(port) && !mayLoop) throw refused('port 443, or one from 1024 on');
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  if (isIP(host) !== 0) {
    if (!(isLoopback(host) && mayLoop)) throw refused('a host name, not an address');
    return [host];
  }
  const addresses = await (rules.resolve ?? systemResolve)(host).catch((cause: unknown) => {
    throw refused('dns', cause);
  });
  if (addresses.length === 0) throw refused('dns');
  for (const address of addresses) {
    if (isLoopback(address) ? !mayLoop : isReserved(address)) throw refused('a public address');
    if (isPrivate(address) && rules.allowPrivate !== true) throw refused('a public address');
  }
  if (protocol !== 'https:' && !(protocol === 'http:' && addresses.every(isLoopback))) throw refused('https');
  return addresses;
}

/** The `lookup` of a connection that knows only these addresses. */
export function lookupIn(addresses: readonly string[]): LookupFunction {
  const found = addresses.map((address) => ({
    address,
    family: isIP(address),
  }));
  return (_hostName, { all }, callback) => {
    const [first] = found;
    if (all === true) callback(null, found);
    else callback(null, first?.address ?? '', first?.family ?? 0);
  };
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

function parse(url: string): URL {
  try {
    return new URL(url);
  } catch {
    throw refused('an absolute URL');
  }
}

function refused(rule: string, cause?: unknown): Iti43Error {
  const message = rule === 'dns' ? 'the host name does not resolve' : `the address is refused: expected ${rule}`;
  return new Iti43Error({ code: 'ADDRESS_REFUSED', rule }, message, { cause });
}
