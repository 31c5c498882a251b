/** How what is shown grows: at its end by what is older, at its beginning by what is new. Pure. */

import type { Schema } from '../api/queries'

export type Document = Schema['RequestsDocument']
export type Row = Schema['RequestLogEntry']

const at = (row: Row | undefined) => (row ? Date.parse(row.requestedAt) : 0)

/**
 * `fresh` and, after it, the older rows that were there before: unless so much has come since that
 * there would be a gap.
 */
export function refreshed(held: Document | undefined, fresh: Document): Document {
  const end = at(fresh.requests.at(-1))
  if (!held || fresh.nextCursor === null || at(held.requests[0]) < end) return fresh
  const known = new Set(fresh.requests.map(({ requestId }) => requestId))
  const older = held.requests.filter((row) => at(row) <= end && !known.has(row.requestId))
  if (older.length === 0) return fresh
  return { ...fresh, requests: [...fresh.requests, ...older], nextCursor: held.nextCursor }
}

export function prolonged(held: Document, { requests, nextCursor }: Document): Document {
  const known = new Set(held.requests.map(({ requestId }) => requestId))
  const older = requests.filter(({ requestId }) => !known.has(requestId))
  return { ...held, requests: [...held.requests, ...older], nextCursor }
}

/** With what the stream tells of a request: in its place, or as the newest if all are shown. */
export function told(held: Document, row: Row, showsAll: boolean): Document {
  const place = held.requests.findIndex(({ requestId }) => requestId === row.requestId)
  if (place >= 0) return { ...held, requests: held.requests.with(place, row) }
  if (!showsAll) return held
  const after = held.requests.findIndex((one) => at(one) <= at(row))
  const index = after < 0 ? held.requests.length : after
  return { ...held, requests: held.requests.toSpliced(index, 0, row), total: held.total + 1 }
}
