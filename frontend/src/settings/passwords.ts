/** How good a new password is, and what keeps it from being one. Pure. */

import { texts } from './texts'

export type Strength = keyof typeof texts.password.strengths

export const SHORTEST = 8 // characters, as in core/operator.py

const CLASSES: readonly (readonly [RegExp, number])[] = [
  [/[a-z]/, 26],
  [/[A-Z]/, 26],
  [/\d/, 10],
  [/[^a-zA-Z\d]/, 32],
]
const FAIR_BITS = 45
const STRONG_BITS = 80

/** A rough guess: what is drawn from how many signs, of which repeated ones count half. */
export function strength(password: string): { is: Strength; share: number } {
  const signs = CLASSES.reduce((sum, [has, size]) => sum + (has.test(password) ? size : 0), 0)
  const own = new Set(password).size
  const bits = ((own + password.length) / 2) * Math.log2(Math.max(signs, 2))
  const is =
    bits < FAIR_BITS || own < SHORTEST / 2 ? 'weak' : bits < STRONG_BITS ? 'fair' : 'strong'
  return { is, share: Math.min(1, bits / STRONG_BITS) }
}

export type Faults = { fresh?: string; repeat?: string }

export function faults(fresh: string, repeat: string): Faults {
  if (fresh.trim().length < SHORTEST) return { fresh: texts.password.short(SHORTEST) }
  return fresh === repeat ? {} : { repeat: texts.password.different }
}
