import { expect, it } from 'vitest'

import { phases } from './phases'
import type { Row } from './tail'

it.each([
  ['a whole answer', 100, 10, 40, { queue: 10, first: 30, stream: 60 }],
  ['no waiting', 100, 0, 40, { first: 40, stream: 60 }],
  ['a failure before the first token', 100, 10, null, { queue: 10, first: 90 }],
  ['a request that runs', null, 10, 40, {}],
  ['clocks that disagree', 10, 30, 40, { queue: 10 }],
])('divides the time of %s', (_, latencyMs, latencyQueueMs, latencyFirstTokenMs, expected) => {
  const row = { latencyMs, latencyQueueMs, latencyFirstTokenMs } as Row
  expect(Object.fromEntries(phases(row).map(({ kind, ms }) => [kind, ms]))).toEqual(expected)
})
