import { expect, it } from 'vitest'

import { readEvents } from './sse'

it('reads what is complete and keeps the rest', () => {
  const [events, rest] = readEvents('id: 7\nevent: now\ndata: {"a":1}\n\nevent: ping\n\nid: 8\nda')
  expect(events).toEqual([
    { id: '7', name: 'now', data: '{"a":1}' },
    { id: null, name: 'ping', data: '' },
  ])
  expect(rest).toBe('id: 8\nda')
})

it('joins lines of data, and takes either end of line', () => {
  const [events] = readEvents('data: one\r\ndata:two\r\n\r\n')
  expect(events).toEqual([{ id: null, name: 'message', data: 'one\ntwo' }])
})

it('passes over comments', () => {
  expect(readEvents(': hello\n\n')).toEqual([[], ''])
})

it('reads the same in whatever pieces it comes', () => {
  const whole = 'id: 1\ndata: a\n\nid: 2\ndata: b\n\n'
  let rest = ''
  const found = [...whole].flatMap((piece) => {
    const [events, left] = readEvents(rest + piece)
    rest = left
    return events
  })
  expect(found).toEqual(readEvents(whole)[0])
})
