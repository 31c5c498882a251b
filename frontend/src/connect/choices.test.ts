import { expect, it } from 'vitest'

import { addresses, chosenKey, command } from './choices'

const TOLD = { localUrl: 'http://127.0.0.1:2455', isLocal: true, needsKey: false }
const KEYS = [
  { id: 'k1', name: 'laptop', keyPrefix: 'sk-clb-aaaa' },
  { id: 'k2', name: 'CI', keyPrefix: 'sk-clb-bbbb' },
]

it.each([
  ['http://127.0.0.1:2455', ['page']],
  ['http://localhost:2455', ['page']],
  ['http://[::1]:2455/lb', ['page']],
  ['http://localhost:8080', ['page', 'local']],
  ['http://192.168.1.9:2455', ['page', 'local']],
  ['https://lb.example.com/codex', ['page', 'local']],
])('a page at %s offers %j', (page, offered) => {
  const found = addresses(TOLD, page)
  expect(found.map(({ at }) => at)).toEqual(offered)
  expect(found[0]?.url).toBe(page)
})

it.each([
  [true, false, [false, false]],
  [false, false, [true, false]],
  [true, true, [true, true]],
])('who is local (%s), with checking on (%s), needs a key at the two addresses: %j', (...row) => {
  const [isLocal, needsKey, expected] = row
  const found = addresses({ ...TOLD, isLocal, needsKey }, 'http://192.168.1.9:2455')
  expect(found.map((address) => address.needsKey)).toEqual(expected)
})

it.each([
  ['one that was chosen stays', KEYS, false, 'k2', 'k2'],
  ['none is needed, so none is taken', KEYS, false, '', 'none'],
  ['the first is taken where one is needed', KEYS, true, '', 'k1'],
  ['going without cannot be chosen where one is needed', KEYS, true, 'none', 'k1'],
  ['one that is gone', KEYS, true, 'k9', 'k1'],
  ['there is none', [], true, '', 'missing'],
] as const)('a key: %s', (_, keys, needsKey, wanted, expected) => {
  const chosen = chosenKey(keys, needsKey, wanted)
  expect(chosen.kind === 'key' ? chosen.key.id : chosen.kind).toBe(expected)
})

it('names its address to the command only if it is not where the settings say', () => {
  const setup = { client: 'codex', file: '~/.codex/config.toml' } as const
  const local = { at: 'local', url: TOLD.localUrl, needsKey: false } as const
  const page = { at: 'page', url: 'https://lb.example.com', needsKey: true } as const
  expect(command(setup, local, TOLD.localUrl, 'gpt-5.5')).toBe(
    'codex-lb setup codex --model gpt-5.5 --write --check',
  )
  expect(command(setup, page, TOLD.localUrl, 'gpt-5.5')).toContain(' --url https://lb.example.com ')
  expect(command({ client: 'curl', file: null }, local, TOLD.localUrl, 'm')).toBeNull()
})
