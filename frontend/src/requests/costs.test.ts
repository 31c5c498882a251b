import { expect, it } from 'vitest'

import { parts, rate } from './costs'
import type { Row } from './tail'

it.each([
  [13_057, 65_285, 5],
  [162, 32, 0.2],
  [1_670, 50_100, 30],
  [1_000_000, 175_000, 0.175],
  [0, 0, null],
  [500, 0, 0],
])('%i tokens for %i micro-dollars are $%d per million', (tokens, micros, expected) => {
  expect(rate(tokens, micros)).toBe(expected)
})

const row = (more: object) =>
  ({
    inputTokens: 1_000,
    cachedInputTokens: 400,
    outputTokens: 10,
    costBreakdown: { inputUsd: 0.003, cachedInputUsd: 0.0002, outputUsd: 0.0003 },
    ...more,
  }) as Row

it('takes what was cached out of the input', () => {
  expect(parts(row({})).map(({ tokens, micros, rate: one }) => [tokens, micros, one])).toEqual([
    [600, 3_000, 5],
    [400, 200, 0.5],
    [10, 300, 30],
  ])
})

it('counts without a price, and says nothing where nothing was counted', () => {
  const costBreakdown = { inputUsd: null, cachedInputUsd: null, outputUsd: null }
  expect(parts(row({ costBreakdown })).map(({ micros }) => micros)).toEqual([null, null, null])
  expect(parts(row({ inputTokens: null }))).toEqual([])
})
