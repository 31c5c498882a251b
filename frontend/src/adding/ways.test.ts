import { expect, it } from 'vitest'

import { pieces } from './addresses'
import { chosen } from './chosen'
import { clock } from './clock'
import { isNear } from './near'
import { afterwards, offered } from './way'

it.each([
  ['localhost', true],
  ['127.0.0.1', true],
  ['[::1]', true],
  ['192.168.1.9', false],
  ['127.0.0.1.example.com', false],
  ['lb.example.com', false],
])('a page at %s is on the machine itself: %s', (hostname, near) => {
  expect(isNear(hostname)).toBe(near)
})

it.each([
  [845, '14:05'],
  [60, '1:00'],
  [0, '0:00'],
])('%d seconds are %s', (seconds, text) => {
  expect(clock(seconds)).toBe(text)
})

const file = (name: string, size = 4_000) => ({ name, size })
const many = Array.from({ length: 130 }, (_, n) => file(`${n}.json`))

it.each([
  ['every name where files are chosen', [file('auth'), file('b.json')], false, 2, 0],
  ['only JSON of a folder', [file('auth'), file('b.JSON')], true, 1, 1],
  ['nothing that is empty or too large', [file('a.json', 0), file('b.json', 2e6)], false, 0, 2],
  ['as many as the service takes', many, true, 100, 30],
])('takes %s', (_, files, fromFolder, taken, passedOver) => {
  const found = chosen(files, fromFolder)
  expect([found.taken.length, found.passedOver]).toEqual([taken, passedOver])
})

it('offers no import to who is signed in anew', () => {
  expect(offered(false)).toEqual(['browser', 'device', 'import'])
  expect(offered(true)).toEqual(['browser', 'device'])
})

it.each([
  ['?by=import', ''],
  ['?state=paused&by=device', '?state=paused'],
  ['?state=paused', '?state=paused'],
  ['', ''],
])('after the sheet %j is %j', (search, rest) => {
  expect(afterwards(search)).toBe(rest)
})

it.each([
  ['You signed in as a.b+c@example.com (ws-2). Nothing.', ['a.b+c@example.com']],
  ['This is for ada@example.com. Nothing was changed.', ['ada@example.com']],
  ['pool/ada@example.com/auth.json', ['pool/ada@example.com/auth.json']],
  ['This sign-in is over already.', []],
  ['meet @ noon', []],
])('the addresses in %j are %j', (sentence, addresses) => {
  const found = pieces(sentence)
  expect(found.map(({ text }) => text).join('')).toBe(sentence)
  expect(found.filter(({ isAddress }) => isAddress).map(({ text }) => text)).toEqual(addresses)
})
