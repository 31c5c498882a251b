/** How what is shown grows: at its end by what is older, at its beginning by what is new. Pure. */

import type { Schema } from '../api/queries'
import type { View } from './view'

export type Row = Schema['RequestLogEntry']
export type Document = Schema['RequestsDocument'] & {
  view: View // whose requests these are
  isProlonged: boolean // older ones were asked for
}

const at = (row: Row | undefined) => (row ? Date.parse(row.requestedAt) : 0)
const idsOf = (rows: readonly Row[]) => new Set(rows.map(({ requestId }) => requestId))

/**
 * `fresh` and, after it, the older rows that were asked for before: unless so much has come since
 * that there would be a gap.
 */
export function refreshed(held: Document | undefined, fresh: Document): Document {
  const end = at(fresh.requests.at(-1))
  if (!held?.isProlonged || fresh.nextCursor === null || at(held.requests[0]) < end) return fresh
  const known = idsOf(fresh.requests)
  const older = held.requests.filter((row) => at(row) <= end && !known.has(row.requestId))
  const { nextCursor } = older.length > 0 ? held : fresh
  return { ...fresh, requests: [...fresh.requests, ...older], nextCursor, isProlonged: true }
}

export function prolonged(held: Document, page: Schema['RequestsDocument']): Document {
  const known = idsOf(held.requests)
  const older = page.requests.filter(({ requestId }) => !known.has(requestId))
  const requests = [...held.requests, ...older]
  return { ...held, requests, nextCursor: page.nextCursor, isProlonged: true }
}

/** What stays in sight while the list is held: the rows of `before` as they are now, and older ones. */
export function still(before: readonly Row[], rows: readonly Row[]): Row[] {
  const now = new Map(rows.map((row) => [row.requestId, row]))
  const known = idsOf(before)
  const end = at(before.at(-1))
  const older = rows.filter((row) => at(row) <= end && !known.has(row.requestId))
  return [...before.map((row) => now.get(row.requestId) ?? row), ...older]
}

export const newer = (before: readonly Row[], rows: readonly Row[]) =>
  rows.filter((row) => at(row) > at(before[0])).length

/** With what the stream tells of a request: in its place, or as the newest if all are shown. */
export function told(held: Document, row: Row, showsAll: boolean): Document {
  const place = held.requests.findIndex(({ requestId }) => requestId === row.requestId)
  if (place >= 0) return { ...held, requests: held.requests.with(place, row) }
  if (!showsAll) return held
  const after = held.requests.findIndex((one) => at(one) <= at(row))
  const index = after < 0 ? held.requests.length : after
  return { ...held, requests: held.requests.toSpliced(index, 0, row), total: held.total + 1 }
}
