import { describe, expect, it } from 'vitest'

import { matching } from './matching'
import { meaning } from './meaning'
import { routeOf } from './routes'

const NONE = { ctrlKey: false, metaKey: false, altKey: false }

describe('a key', () => {
  it.each([
    ['g', null, { does: 'wait' }],
    ['k', 'g', { does: 'go', path: '/keys' }],
    ['o', 'g', { does: 'go', path: '/' }],
    ['z', 'g', null],
    ['k', null, { does: 'row', step: -1 }],
    ['j', null, { does: 'row', step: 1 }],
    ['?', null, { does: 'help' }],
    ['/', null, { does: 'reach', key: '/' }],
    ['a', null, null],
  ])('%s after %s means %j', (key, before, meant) => {
    expect(meaning({ ...NONE, key }, before)).toEqual(meant)
  })

  it.each(['ctrlKey', 'metaKey'])('k with %s opens the palette', (modifier) => {
    expect(meaning({ ...NONE, key: 'k', [modifier]: true }, null)).toEqual({ does: 'palette' })
  })

  it.each(['ctrlKey', 'metaKey', 'altKey'])("t with %s stays the browser's", (modifier) => {
    expect(meaning({ ...NONE, key: 't', [modifier]: true }, null)).toBeNull()
  })
})

it.each([
  ['/', 'overview'],
  ['/keys', 'keys'],
  ['/settings/security', 'settings'],
  ['/nowhere', undefined],
])('%s shows %s', (path, name) => {
  expect(routeOf(path)?.name).toBe(name)
})

const COMMANDS = ['Overview', 'Keys', 'Create a key'].map((label) => ({ label }))

it.each([
  ['', ['Overview', 'Keys', 'Create a key']],
  ['key', ['Keys', 'Create a key']],
  ['a KEY', ['Create a key']],
  ['keyz', []],
])('%j finds %j', (words, found) => {
  expect(matching(COMMANDS, words).map(({ label }) => label)).toEqual(found)
})
