/** A syslog message (RFC 5424) in a frame of RFC 5425: the octets of the message, counted, before it. */
const FACILITY_SECURITY = 10;
const SEVERITY_NOTICE = 5;
const PRIORITY = FACILITY_SECURITY * 8 + SEVERITY_NOTICE;
const MESSAGE_ID = 'IHE+RFC-3881';

export interface SyslogSender {
  readonly hostName: string;
  readonly appName: string;
  readonly processId: number;
}

/**
 * @param message - text, written as UTF-8 after a byte order mark (RFC 5424, section 6.4)
 * @returns the whole frame
 */
export function encodeSyslogFrame(message: string, atMs: number, sender: SyslogSender): Uint8Array {
  const time = new Date(atMs).toISOString();
  const header = `<${PRIORITY}>1 ${time} ${printable(sender.hostName, 255)} ${printable(sender.appName, 48)} ${sender.processId} ${MESSAGE_ID} - `;
  const body = Buffer.from(`${header}\uFEFF${message}`, 'utf8');
  return Buffer.concat([Buffer.from(`${body.length} `, 'ascii'), body]);
}

/** PRINTUSASCII of RFC 5424, `-` when nothing is left. */
function printable(text: string, lengthMax: number): string {
  return text.replace(/[^\x21-\x7e]/g, '').slice(0, lengthMax) || '-';
}
