import { describe, expect, it } from 'vitest'

import { ago, compact, duration, money, percent, setHours, time, toSecond, until } from './format'

const NOW = 1_800_000_000_000
const HOUR = 3_600_000

it.each([
  [0, '0%'],
  [0.001, '<1%'],
  [0.5, '50%'],
  [0.999, '99%'],
  [1, '100%'],
])('%d is %s', (share, shown) => {
  expect(percent(share)).toBe(shown)
})

it.each([
  [0, '$0.00'],
  [12_345_678, '$12.35'],
  [1_234, '$0.0012'],
  [-5_000_000, '-$5.00'],
])('%d micro-dollars are %s', (micros, shown) => {
  expect(money(micros)).toBe(shown)
})

it.each([
  [999, '999'],
  [1_234_567, '1.2M'],
])('%d is %s', (value, shown) => {
  expect(compact(value)).toBe(shown)
})

it.each([
  [850, '850 ms'],
  [2_400, '2.4 s'],
  [200_000, '3 min 20 s'],
])('%d ms are %s', (ms, shown) => {
  expect(duration(ms)).toBe(shown)
})

describe('times', () => {
  it.each([
    [-3 * HOUR, '3 hours ago'],
    [2 * 24 * HOUR, 'in 2 days'],
    [-20_000, 'now'],
  ])('%d ms from now is %s', (offset, shown) => {
    expect(ago(NOW + offset, NOW)).toBe(shown)
  })

  it.each([
    [-1, '1 min'],
    [61_000, '2 min'],
    [3 * HOUR + 300_000, '3 h 5 min'],
    [52 * HOUR, '2 d 4 h'],
    [48 * HOUR, '2 d'],
  ])('until %d ms from now it is %s', (offset, shown) => {
    expect(until(NOW + offset, NOW)).toBe(shown)
  })

  it.each([
    [HOUR, /^\d\d:\d\d:\d\d/],
    [3 * 24 * HOUR, /^[A-Z][a-z]{2},? \d\d:\d\d\b(?!:)/],
    [20 * 24 * HOUR, /^[A-Z][a-z]{2} \d+, \d\d:\d\d\b(?!:)/],
  ])('%d ms ago is told as exactly as it matters', (age, shown) => {
    expect(toSecond(NOW - age, NOW)).toMatch(shown)
  })
})

it('hours are told as the reader wants them', () => {
  const afternoon = new Date(2026, 10, 22, 14, 5).getTime()
  setHours('h23')
  expect(time(afternoon)).toBe('14:05')
  setHours('h12')
  expect(time(afternoon)).toMatch(/^02:05.PM$/)
  setHours(null)
})
