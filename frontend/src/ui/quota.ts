/** How much is left, as a word and a colour. */

import type { Tone } from './Status'

const LOW_FROM = 0.2

/** Of a share that is left, 0 to 1. */
export function level(left: number): Extract<Tone, 'serving' | 'low' | 'failed'> {
  if (left <= 0) return 'failed'
  return left <= LOW_FROM ? 'low' : 'serving'
}
