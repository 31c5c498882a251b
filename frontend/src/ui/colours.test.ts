import { expect, it } from 'vitest'

import { CATEGORIES, colours, REST } from './colours'

it('gives a name the same colour whatever stands before it', () => {
  const names = ['gpt-5.5', 'gpt-5.4-mini', 'ada@example.com', 'opencode']
  for (const name of names) {
    expect(colours([name]).get(name)).toBe(colours([name, '~']).get(name))
  }
})

it('tells as many apart as there are colours, in any order', () => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f']
  const found = colours(names)
  expect(new Set(found.values())).toEqual(new Set(CATEGORIES))
  expect(colours([...names].reverse())).toEqual(found)
  expect([...colours([...names, 'g']).values()]).toContain(REST)
})
