/** Where a request's time went. Pure. */

import type { Row } from './tail'

export type Phase = { kind: 'queue' | 'first' | 'stream'; ms: number }

/** Those that took any time, in their order; nothing while it runs. */
export function phases({ latencyMs, latencyQueueMs, latencyFirstTokenMs }: Row): Phase[] {
  if (latencyMs === null) return []
  const queue = Math.min(latencyQueueMs ?? 0, latencyMs)
  const first = Math.min(latencyFirstTokenMs ?? latencyMs, latencyMs)
  const all: Phase[] = [
    { kind: 'queue', ms: queue },
    { kind: 'first', ms: Math.max(0, first - queue) },
    { kind: 'stream', ms: latencyMs - first },
  ]
  return all.filter(({ ms }) => ms > 0)
}
