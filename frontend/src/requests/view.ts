/** What the page shows, as it stands in its address. Pure. */

import { RANGE_MS, RANGES, type Range } from '../lib/range'
import { type Param, text } from '../lib/search'

export type Span = { from: number; to: number } // Unix seconds
export type Zoom = Span & { range: Range } // holds as long as this range is chosen

export type View = { q: string; range: Range; zoom: Span | null }

const zoom: Param<Zoom | null> = {
  fallback: null,
  read: ([word]) => {
    const [, name, from, to] = /^(\w+)\.(\d{1,11})\.(\d{1,11})$/.exec(word ?? '') ?? []
    const range = RANGES.find((one) => one === name)
    if (!range || Number(to) <= Number(from)) return undefined
    return { range, from: Number(from), to: Number(to) }
  },
  write: (value) => (value ? [`${value.range}.${value.from}.${value.to}`] : []),
}

export const PARAMS = { q: text(), zoom }

/** The range is chosen at the top of every page; another one ends the zoom. */
export const viewOf = (q: string, range: Range, zoomed: Zoom | null): View => ({
  q: q.trim(),
  range,
  zoom: zoomed?.range === range ? { from: zoomed.from, to: zoomed.to } : null,
})

/** Which rows the service is to look at. `now` in Unix milliseconds. */
export function asked({ q, range, zoom: span }: View, now: number) {
  const moment = (at: number) => new Date(at).toISOString()
  return {
    q,
    since: moment(span ? span.from * 1000 : now - RANGE_MS[range]),
    ...(span ? { until: moment(span.to * 1000 - 1) } : {}),
  }
}
