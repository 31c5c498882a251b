/** How a request ended, as a word and a tone. */

import { common } from '../lib/texts'
import type { Tone } from '../ui/Status'
import type { Schema } from './queries'

type Ended = Pick<Schema['RequestLogEntry'], 'outcome'>

const TONES: Record<NonNullable<Ended['outcome']>, Tone> = {
  served: 'serving',
  recovered: 'serving',
  client_error: 'failed',
  upstream_error: 'failed',
  refused: 'low',
  cancelled: 'paused',
}

export function ended({ outcome }: Ended): [Tone, string] {
  return outcome ? [TONES[outcome], common.outcomes[outcome]] : ['cooling', common.running]
}
