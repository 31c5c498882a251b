import { expect, it } from 'vitest'

import { namesOf, valuesOf } from './facetValues'

const value = (id: string, label: string) => ({ value: id, label, count: 1 })
const laptop = value('k1', 'laptop')
const other = value('k2', 'old laptop')

it('writes a name that means one thing only, else the id', () => {
  expect(namesOf(laptop, [laptop])).toEqual(['laptop', 'k1'])
  expect(namesOf(laptop, [laptop, other])).toEqual(['k1', 'laptop'])
  expect(namesOf(other, [laptop, other])).toEqual(['old laptop', 'k2'])
})

it('keeps what is chosen though it does not occur', () => {
  const found = valuesOf({ name: 'key', values: [laptop] }, ['k1', 'phone'])
  expect(found.map(({ label, count }) => [label, count])).toEqual([
    ['laptop', 1],
    ['phone', 0],
  ])
  expect(valuesOf(undefined, [])).toEqual([])
})
