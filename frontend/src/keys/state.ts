/** What a key can do just now, and what is left of its budgets. Pure: `now` in Unix milliseconds. */

import { left } from '../api/limits'
import type { Schema } from '../api/queries'
import type { Tone } from '../ui/Status'

export type Key = Schema['ApiKeyResponse']
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
