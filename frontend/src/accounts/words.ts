/** Reasons and times in the page's own words. Pure; times in Unix milliseconds. */

import { until, when } from '../lib/format'
import type { Reason } from './state'
import { texts } from './texts'

/** '2 d 4 h', '4 h', '12 min': as exact as a narrow column needs. */
export function soon(at: number, now: number): string {
  const [count, unit, more, smaller] = until(at, now).split(' ')
  return unit === 'd' && more ? `${count} ${unit} ${more} ${smaller}` : `${count} ${unit}`
}

/** 'weekly limit since 10:02, back Thu 14:05 (in 2 d 4 h), told by ChatGPT'. */
export function inFull({ what, since, until: end, isTold }: Reason, now: number): string {
  const began = since === null ? '' : ` ${texts.since(when(since, now))}`
  if (end === null) return `${what}${began}`
  const ends = (isTold ? texts.back : texts.asked)(when(end, now), until(end, now))
  return `${what}${began}, ${ends}`
}

/** `text` with its times of the form '2026-09-21 14:00 UTC' by this browser's clock. */
export function localTimes(text: string, now: number): string {
  return text.replace(/(\d{4}-\d\d-\d\d) (\d\d:\d\d) UTC/g, (_, day, time) =>
    when(Date.parse(`${day}T${time}Z`), now),
  )
}
