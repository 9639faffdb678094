/** The origins of orders that a gateway's configuration names. */
import type { OrderOrigin } from '@radledger/imaging';
import { createHl7Folder } from '@radledger/imaging/orders';
import { createModalityWorklist } from '@radledger/pacs-dimse';
import type { GatewayConfig } from './config.js';
import { readTls } from './secret-files.js';

type OrdersConfig = NonNullable<NonNullable<GatewayConfig['source']>['orders']>;

/** @param stopping - ends a look that waits for the other side */
export async function openOrderOrigins(
  { worklist, hl7, keepDays }: OrdersConfig,
  stopping: AbortSignal,
): Promise<readonly OrderOrigin[]> {
  const origins: OrderOrigin[] = [];
  if (worklist !== undefined) {
    const { host, port, aeTitle, gatewayAeTitle, daysAhead } = worklist;
    origins.push(
      createModalityWorklist({
        host,
        port,
        calledAeTitle: aeTitle,
        callingAeTitle: gatewayAeTitle,
        daysAhead,
        signal: stopping,
        ...(worklist.tls ? { tls: await readTls(worklist) } : {}),
      }),
    );
  }
  if (hl7 !== undefined) origins.push(createHl7Folder({ ...hl7, keepDays }));
  return origins;
}
