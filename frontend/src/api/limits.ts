/** What is left of a budget. Pure. */

import { compact, money } from '../lib/format'
import type { Schema } from './queries'

export type Limit = Schema['LimitRuleResponse']

/** Share, 0 to 1. */
export function left({ currentValue, maxValue }: Limit): number {
  return Math.max(0, 1 - currentValue / maxValue)
}

/** An amount of what the limit counts. */
export function amount(kind: Limit['limitType'], value: number): string {
  return kind === 'cost_usd' ? money(value) : compact(value)
}
