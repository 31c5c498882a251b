import { describe, expect, it } from 'vitest'

import { flag, many, oneOf, readSearch, text, whole, writeSearch } from './search'

const PARAMS = {
  q: text(),
  range: oneOf(['1h', '24h'], '24h'),
  page: whole(1),
  state: many(),
  live: flag(),
}

const DEFAULTS = { q: '', range: '24h', page: 1, state: [], live: false }

describe('readSearch', () => {
  it.each([
    ['', {}],
    [
      'q=a%20b&range=1h&page=3&state=x&state=y&live=1',
      { q: 'a b', range: '1h', page: 3, state: ['x', 'y'], live: true },
    ],
    ['range=never&page=many&foreign=1', {}],
    ['state=x&state=x', { state: ['x'] }],
  ])('%j', (search, changed) => {
    expect(readSearch(PARAMS, search)).toEqual({ ...DEFAULTS, ...changed })
  })
})

describe('writeSearch', () => {
  it.each([
    ['', { q: 'a b' }, 'q=a+b'],
    ['range=1h', { range: '24h' as const }, ''],
    ['foreign=1&q=old', { q: '' }, 'foreign=1'],
    ['state=x', { state: ['y', 'z'] }, 'state=y&state=z'],
    ['state=x', { state: [] }, ''],
    ['', { live: true, page: 2 }, 'live=1&page=2'],
  ])('%j with %j', (search, changes, written) => {
    expect(writeSearch(PARAMS, search, changes)).toBe(written)
  })

  it('is undone by reading', () => {
    const values = { q: '&=?', range: '1h' as const, page: -4, state: ['', 'ä b'], live: true }
    expect(readSearch(PARAMS, writeSearch(PARAMS, '', values))).toEqual(values)
  })
})
