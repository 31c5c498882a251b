import { expect, it } from 'vitest'

import { read } from './views'

it.each([
  [null, []],
  ['', []],
  ['nonsense', []],
  ['{}', []],
  ['[1, null, {"name": "a"}, {"name": "b", "q": 2}]', []],
  ['[{"name": "mine", "q": "key:laptop"}]', [{ name: 'mine', q: 'key:laptop' }]],
])('reads %o as %o', (kept, expected) => {
  expect(read(kept)).toEqual(expected)
})
