/** The stretch of time that the pages look at; it goes along from page to page. */

import { oneOf } from './search'
import { useParams } from './useParams'

export const RANGES = ['1h', '24h', '7d', '30d'] as const

export type Range = (typeof RANGES)[number]

export const RANGE_MS: Record<Range, number> = {
  '1h': 3_600_000,
  '24h': 86_400_000,
  '7d': 604_800_000,
  '30d': 2_592_000_000,
}

export const rangeParams = { range: oneOf(RANGES, '24h') }

export function useRange() {
  const [{ range }, change] = useParams(rangeParams)
  return [range, (next: Range) => change({ range: next })] as const
}
