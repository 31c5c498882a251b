import { expect, it } from 'vitest'

import { completed, suggestions } from './suggestions'

const facets = [
  {
    name: 'model',
    values: ['gpt-5.5', 'gpt-5.4'].map((one) => ({ value: one, label: one, count: 2 })),
  },
  { name: 'key', values: [{ value: 'k1', label: 'my laptop', count: 1 }] },
]
const offered = (query: string, caret = query.length) =>
  suggestions(query, caret, facets).map(({ insert }) => insert)

it.each([
  ['mod', ['model:']],
  ['slow -cl', ['-client:']],
  ['model:', ['model:gpt-5.5 ', 'model:gpt-5.4 ']],
  ['-model:5.4', ['-model:gpt-5.4 ']],
  ['key:lap', ['key:"my laptop" ']],
  ['key:"my l', ['key:"my laptop" ']],
  ['ttft:>1', ['ttft:>1s ']],
  ['nothing-like-it', []],
])('offers after %o: %o', (query, expected) => {
  expect(offered(query)).toEqual(expected)
})

it('offers every key where nothing is typed yet', () => {
  expect(offered('')).toContain('outcome:')
  expect(offered('model:gpt-5.5 ')).toContain('ttft:')
})

it('completes the word at the caret and leaves the rest', () => {
  expect(completed('a mod b', 5, 'model:')).toEqual(['a model: b', 8])
  expect(completed('key:"my l', 9, 'key:"my laptop" ')).toEqual(['key:"my laptop" ', 16])
})
