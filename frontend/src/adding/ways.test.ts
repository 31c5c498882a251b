import { expect, it } from 'vitest'

import { chosen } from './chosen'
import { clock } from './clock'
import { isNear } from './near'

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
