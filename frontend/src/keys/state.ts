/** What a key can do just now, and what is left of its budgets. Pure: `now` in Unix milliseconds. */

import type { Schema } from '../api/queries'
import { compact, money } from '../lib/format'
import type { Tone } from '../ui/Status'

export type Key = Schema['ApiKeyResponse']
export type Limit = Schema['LimitRuleResponse']
export type State = 'active' | 'disabled' | 'expired' | 'spent'

export const TONES: Record<State, Tone> = {
  active: 'serving',
  disabled: 'paused',
  expired: 'failed',
  spent: 'cooling',
}

/** A budget of one model does not stop the others. */
export function stateOf(key: Key, now: number): State {
  if (!key.isActive) return 'disabled'
  if (key.expiresAt !== null && Date.parse(key.expiresAt) <= now) return 'expired'
  return key.limits.some((limit) => limit.modelFilter === null && left(limit) <= 0)
    ? 'spent'
    : 'active'
}

/** Share, 0 to 1. */
export function left({ currentValue, maxValue }: Limit): number {
  return Math.max(0, 1 - currentValue / maxValue)
}

/** An amount of what the limit counts. */
export function amount(kind: Limit['limitType'], value: number): string {
  return kind === 'cost_usd' ? money(value) : compact(value)
}
