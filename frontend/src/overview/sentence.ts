/** The one sentence: does it work, and until when. Pure: `now` in Unix milliseconds. */

import type { Schema } from '../api/queries'
import { until, when } from '../lib/format'
import { texts } from './texts'

const said = texts.verdict

export function sentence(verdict: Schema['VerdictDocument'], now: number): string {
  const { level, serving, total, backAt, runsOutAt, isForecast } = verdict
  if (level === 'setup') return said.setup
  const back = backAt ? Date.parse(backAt) : null
  if (level === 'down') {
    const next = back ? said.backAt(when(back, now), until(back, now)) : said.noWay
    return `${said.none(total)} ${next}`
  }
  const parts = [said.can(serving, total)]
  if (isForecast) parts.push(runsOutAt ? said.lasts(when(Date.parse(runsOutAt), now)) : said.enough)
  if (back && serving < total) parts.push(said.nextBack(when(back, now), until(back, now)))
  return parts.join(' ')
}
