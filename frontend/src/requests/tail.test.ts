import { expect, it } from 'vitest'

import { type Document, newer, prolonged, type Row, refreshed, still, told } from './tail'

const row = (second: number, status = 'ok') =>
  ({
    requestId: `r${second}`,
    requestedAt: new Date(second * 1000).toISOString(),
    status,
  }) as Row

const rows = (seconds: number[]) => seconds.map((one) => row(one))

const document = (seconds: number[], nextCursor: string | null = null) =>
  ({ requests: rows(seconds), nextCursor, total: seconds.length }) as Document

const long = (seconds: number[], nextCursor: string) => ({
  ...document(seconds, nextCursor),
  isProlonged: true,
})

const ids = ({ requests }: Document) => requests.map(({ requestId }) => requestId)

it('keeps the older rows that were asked for when the newest come again', () => {
  const found = refreshed(long([5, 4, 3, 2], 'c2'), document([7, 6, 5, 4], 'c4'))
  expect(ids(found)).toEqual(['r7', 'r6', 'r5', 'r4', 'r3', 'r2'])
  expect(found.nextCursor).toBe('c2')
})

it('does not grow while nobody asks for older rows', () => {
  expect(ids(refreshed(document([5, 4], 'c4'), document([6, 5], 'c5')))).toEqual(['r6', 'r5'])
})

it('begins anew rather than show a gap', () => {
  const found = refreshed(long([3, 2], 'c2'), document([9, 8], 'c8'))
  expect(ids(found)).toEqual(['r9', 'r8'])
  expect(found.nextCursor).toBe('c8')
})

it('forgets what matches no more', () => {
  expect(ids(refreshed(long([5, 4, 3], 'c3'), document([5], null)))).toEqual(['r5'])
  expect(ids(refreshed(long([5, 4, 3, 2], 'c'), document([5, 3], 'c3')))).toEqual([
    'r5',
    'r3',
    'r2',
  ])
})

it('goes on with what is older', () => {
  const found = prolonged(document([5, 4], 'c4'), document([4, 3], null))
  expect(ids(found)).toEqual(['r5', 'r4', 'r3'])
  expect(found.nextCursor).toBeNull()
})

it('puts a new request where its time is, and a known one in its place', () => {
  expect(ids(told(document([5, 3]), row(4), true))).toEqual(['r5', 'r4', 'r3'])
  expect(told(document([5, 3]), row(6), true).total).toBe(3)
  const ended = told(document([5, 3]), row(3, 'error'), true)
  expect(ended.requests[1]?.status).toBe('error')
  expect(ended.total).toBe(2)
})

it('leaves it to the service whether a new request matches', () => {
  expect(ids(told(document([5]), row(6), false))).toEqual(['r5'])
})

it('keeps what is in sight, as it is now, and what is older', () => {
  const held = still(rows([5, 4]), [row(6), row(5, 'error'), row(3)])
  expect(held.map(({ requestId, status }) => [requestId, status])).toEqual([
    ['r5', 'error'],
    ['r4', 'ok'],
    ['r3', 'ok'],
  ])
  expect(newer(rows([5, 4]), rows([7, 6, 5]))).toBe(2)
})
