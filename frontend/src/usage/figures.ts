/** What the page makes of the document's figures. Pure. */

import type { Schema } from '../api/queries'
import { compact, money, number } from '../lib/format'
import { type BarSeries, CATEGORIES } from '../ui/Bars'
import { texts } from './texts'

export const MEASURES = ['cost', 'tokens', 'requests'] as const
export type Measure = (typeof MEASURES)[number]
export type Figures = Schema['Figures']
export type Group = Schema['UsageGroup']

const SHOWN = 5 // more series cannot be told apart

export function measured(figures: Figures, measure: Measure): number {
  if (measure === 'cost') return figures.costUsd
  return measure === 'tokens' ? figures.inputTokens + figures.outputTokens : figures.requests
}

export function told(value: number, measure: Measure): string {
  if (measure === 'cost') return money(value * 1e6)
  return measure === 'tokens' ? compact(value) : number(value)
}

export const nameOf = ({ label }: Group) => label || texts.nameless

/** The largest first, each with its colour; all that come after the fifth share one. */
export function ranked(groups: readonly Group[], measure: Measure): (Group & { colour: string })[] {
  return [...groups]
    .sort((a, b) => measured(b.total, measure) - measured(a.total, measure))
    .map((group, at) => ({ ...group, colour: CATEGORIES[Math.min(at, SHOWN)] ?? '' }))
}

export function series(groups: readonly Group[], measure: Measure): BarSeries[] {
  const all = ranked(groups, measure).map((group) => ({
    key: group.key,
    label: nameOf(group),
    colour: group.colour,
    values: group.days.map((day) => measured(day, measure)),
  }))
  const rest = all.slice(SHOWN)
  if (rest.length < 2) return all
  const values = (rest[0]?.values ?? []).map((_, day) =>
    rest.reduce((sum, one) => sum + (one.values[day] ?? 0), 0),
  )
  return [
    ...all.slice(0, SHOWN),
    { key: ' rest', label: texts.other, colour: rest[0]?.colour ?? '', values },
  ]
}

/** A spreadsheet takes a word that begins as a formula for one; a quote before it prevents that. */
export function csv(groups: readonly Group[]): string {
  const columns = Object.keys(groups[0]?.total ?? {}) as (keyof Figures)[]
  const word = (text: string) => `"${text.replace(/^[=+\-@\t\r]/, "'$&").replaceAll('"', '""')}"`
  const line = (group: Group) =>
    [word(nameOf(group)), ...columns.map((column) => group.total[column])].join(',')
  return `${[['name', ...columns].join(','), ...groups.map(line)].join('\r\n')}\r\n`
}
