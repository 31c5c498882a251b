/** What was left over a week, as lines. Pure; times in Unix milliseconds, shares 0 to 1. */

import type { Schema } from '../api/queries'

type Document = Schema['AccountDocument']
type Points = Document['leftShort']

export type LineKey = 'short' | 'weekly' | 'monthly' | 'pace'
export type Line = { key: LineKey; values: readonly (number | null)[] } // one for each time
export type History = { times: number[]; lines: Line[]; resets: number[] } // places in `times`

/** What is left rises when its window begins anew; less than this is rounding. */
const RESET_JUMP = 0.02

export function historyOf(document: Document): History {
  const given: [LineKey, Points][] = [
    ['short', document.leftShort],
    ['weekly', document.leftWeekly],
    ['monthly', document.leftMonthly],
    ['pace', document.evenPace],
  ]
  const known = given.filter(([, points]) => points.length > 0)
  const times = [...new Set(known.flatMap(([, points]) => points.map(({ t }) => Date.parse(t))))]
  times.sort((a, b) => a - b)
  const lines = known.map(([key, points]) => {
    const values = new Map(points.map(({ t, v }) => [Date.parse(t), v / 100]))
    return { key, values: times.map((time) => values.get(time) ?? null) }
  })
  const long = lines.find(({ key }) => key === 'weekly' || key === 'monthly')
  return { times, lines, resets: jumps(long?.values ?? []) }
}

function jumps(values: readonly (number | null)[]): number[] {
  let before: number | null = null
  return values.flatMap((value, place) => {
    const isJump = value !== null && before !== null && value - before > RESET_JUMP
    before = value ?? before
    return isJump ? [place] : []
  })
}

/** In a square of 100: what was read holds until the next reading; a pace falls all the time. */
export function path({ key, values }: Line, times: readonly number[]): string {
  let drawn = ''
  let before: number | null = null
  for (const [place, value] of values.entries()) {
    if (value !== null) {
      const [x, y] = [across(place, times).toFixed(2), (100 - value * 100).toFixed(2)]
      const isNew: boolean = before === null || (key === 'pace' && value > before)
      drawn += isNew ? `M${x} ${y}` : key === 'pace' ? `L${x} ${y}` : `H${x}V${y}`
    }
    before = value
  }
  return drawn
}

/** Where a time stands, 0 to 100. */
export function across(place: number, times: readonly number[]): number {
  const [first = 0, last = 0] = [times[0], times.at(-1)]
  return last === first ? 100 : (((times[place] ?? first) - first) / (last - first)) * 100
}

/** The time that is nearest to `share` of the way, 0 to 1. */
export function nearest(share: number, times: readonly number[]): number {
  const away = (place: number) => Math.abs(across(place, times) - share * 100)
  return times.reduce((best, _, place) => (away(place) < away(best) ? place : best), 0)
}

const newest = ({ lines }: History, key: LineKey) =>
  lines.find((line) => line.key === key)?.values.at(-1) ?? null

/** Of the week, or of the month of a plan without. */
export const leftNow = (history: History) => newest(history, 'weekly') ?? newest(history, 'monthly')

export const paceNow = (history: History) => newest(history, 'pace')
