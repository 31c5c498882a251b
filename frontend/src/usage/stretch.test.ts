import { expect, it } from 'vitest'

import { between, firstDay, meant, today } from './stretch'

const NOW = new Date(2026, 2, 2, 12).getTime()

it.each([
  ['2026-02-27', '2026-03-02', { days: 4, until: '2026-03-02' }],
  ['2026-03-02', '2026-02-27', { days: 4, until: '2026-03-02' }],
  ['2026-03-02', '2026-03-02', { days: 1, until: '2026-03-02' }],
  ['2000-01-01', '2026-03-02', { days: 366, until: '2026-03-02' }],
  ['', '2026-03-02', null],
  ['2026-13-01', '2026-03-02', null],
])('from %j to %j is %j', (one, other, stretch) => {
  expect(between(one, other)).toEqual(stretch)
})

it('begins on its first day', () => {
  expect(firstDay({ days: 4, until: '2026-03-02' })).toBe('2026-02-27')
})

it('is today by this clock', () => {
  expect(today(NOW)).toBe('2026-03-02')
})

it.each([
  [
    { days: 28, until: '' },
    { days: 28, until: '' },
  ],
  [
    { days: 0, until: 'soon' },
    { days: 1, until: '' },
  ],
  [
    { days: 9_999, until: '2026-03-03' },
    { days: 366, until: '' },
  ],
  [
    { days: 7, until: '2026-03-02' },
    { days: 7, until: '2026-03-02' },
  ],
])('of an address that says %j it is meant %j', (said, stretch) => {
  expect(meant(said, NOW)).toEqual(stretch)
})
