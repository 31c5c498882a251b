import { expect, it } from 'vitest'

import { toggled, wanted, words } from './words'

it('reads words, what they exclude, and what half is typed', () => {
  const read = words('model:gpt-5.5  -client:curl key:"my laptop" quota "two words" ttft:')
  expect(read.map(({ key, value, isExcluded }) => [key, value, isExcluded])).toEqual([
    ['model', 'gpt-5.5', false],
    ['client', 'curl', true],
    ['key', 'my laptop', false],
    ['', 'quota', false],
    ['', 'two words', false],
    ['', 'ttft:', false],
  ])
})

it.each([
  ['', 'model', ['a'], 'model:a'],
  ['slow', 'model', ['a'], 'slow model:a'],
  ['model:a slow', 'model', ['b'], 'model:a slow model:b'],
  ['model:a slow model:b', 'model', ['a'], 'slow model:b'],
  ['-model:a', 'model', ['a'], '-model:a model:a'],
  ['key:"my laptop" x', 'key', ['my laptop', 'k1'], 'x'],
  ['key:k1', 'key', ['my laptop', 'k1'], ''],
  ['', 'key', ['my laptop', 'k1'], 'key:"my laptop"'],
])('turns %o by %s %o into %o', (query, key, names, expected) => {
  expect(toggled(query, key, names)).toBe(expected)
})

it('tells which values are wanted', () => {
  expect(wanted('model:a model:b -model:c', 'model')).toEqual(['a', 'b'])
})
