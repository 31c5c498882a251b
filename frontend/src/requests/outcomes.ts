/** How a request ended, as a word and a tone. */

import type { Schema } from '../api/queries'
import type { Tone } from '../ui/Status'
import { texts } from './texts'

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
  return outcome ? [TONES[outcome], texts.outcomes[outcome]] : ['cooling', texts.running]
}
