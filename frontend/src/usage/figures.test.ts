import { expect, it } from 'vitest'

import { csv, type Group, series } from './figures'

const figures = (requests: number, costUsd = 0) => ({
  requests,
  errors: 0,
  inputTokens: 2 * requests,
  cachedTokens: 0,
  outputTokens: requests,
  reasoningTokens: 0,
  costUsd,
})

const group = (key: string, requests: number, label = key): Group => ({
  key,
  label,
  total: figures(requests),
  days: [figures(requests), figures(0)],
  isUnpriced: false,
})

it('puts the largest first and adds up what comes after the fifth', () => {
  const groups = [1, 2, 3, 4, 5, 6, 7].map((count) => group(`g${count}`, count))
  const found = series(groups, 'tokens')
  expect(found.map(({ label }) => label)).toEqual(['g7', 'g6', 'g5', 'g4', 'g3', 'Other'])
  expect(found[5]?.values).toEqual([9, 0])
})

it('shows a sixth by its name', () => {
  const groups = [1, 2, 3, 4, 5, 6].map((count) => group(`g${count}`, count))
  expect(series(groups, 'requests').map(({ key }) => key)).toContain('g1')
})

it('writes names so that no spreadsheet runs them', () => {
  const [head, line] = csv([group('k', 3, '=A1"')]).split('\r\n')
  expect(head).toMatch(/^name,requests,/)
  expect(line).toMatch(/^"'=A1""",3,/)
})
