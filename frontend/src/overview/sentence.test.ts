import { expect, it } from 'vitest'

import { when } from '../lib/format'
import { sentence } from './sentence'

const NOW = Date.parse('2026-03-04T12:00:00Z')
const iso = (minutes: number) => new Date(NOW + minutes * 60_000).toISOString()
const at = (minutes: number) => when(NOW + minutes * 60_000, NOW)

const GOOD = {
  level: 'ok' as const,
  serving: 6,
  total: 6,
  backAt: null,
  runsOutAt: null,
  isForecast: false,
}

it.each([
  [{}, 'All 6 accounts can serve.'],
  [{ serving: 1, total: 1 }, 'Your account can serve.'],
  [
    { isForecast: true },
    'All 6 accounts can serve. At this pace the pool lasts until its limits reset.',
  ],
  [
    { level: 'degraded' as const, serving: 5, isForecast: true, runsOutAt: iso(1500) },
    `5 of 6 accounts can serve. At this pace the pool lasts until ${at(1500)}.`,
  ],
  [
    { level: 'degraded' as const, serving: 5, backAt: iso(90) },
    `5 of 6 accounts can serve. The next one is back at ${at(90)}, in 1 h 30 min.`,
  ],
  [
    { level: 'down' as const, serving: 0, backAt: iso(23) },
    `None of 6 accounts can serve. Back at ${at(23)}, in 23 min.`,
  ],
  [{ level: 'down' as const, serving: 0 }, 'None of 6 accounts can serve. See below what to do.'],
  [
    { level: 'down' as const, serving: 0, total: 0 },
    'Every account is paused. See below what to do.',
  ],
  [{ level: 'setup' as const }, 'Three steps until the first answer.'],
])('%j is told as %j', (changes, told) => {
  expect(sentence({ ...GOOD, ...changes }, NOW)).toBe(told)
})

it('names the day of what is more than half a day away', () => {
  expect(at(20)).not.toMatch(/[A-Z][a-z]{2} /)
  expect(at(1500)).toMatch(/Thu/)
})
