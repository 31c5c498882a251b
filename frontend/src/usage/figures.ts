/** What the page makes of the document's figures. Pure. */

import type { Schema } from '../api/queries'
import { compact, money, number } from '../lib/format'
import type { BarSeries } from '../ui/Bars'
import { CATEGORIES, colours, REST } from '../ui/colours'
import { texts } from './texts'

export const MEASURES = ['cost', 'tokens', 'requests'] as const
export type Measure = (typeof MEASURES)[number]
export type Figures = Schema['Figures']
export type Group = Schema['UsageGroup']

export function measured(figures: Figures, measure: Measure): number {
  if (measure === 'cost') return figures.costUsd
  return measure === 'tokens' ? figures.inputTokens + figures.outputTokens : figures.requests
}

export function told(value: number, measure: Measure): string {
  if (measure === 'cost') return money(value * 1e6)
  return measure === 'tokens' ? compact(value) : number(value)
}

export const nameOf = ({ label }: Group) => label || texts.nameless

/** The largest first; as many as there are colours have one, the others stand for the rest. */
export function ranked(groups: readonly Group[], measure: Measure): (Group & { colour: string })[] {
  const sorted = [...groups].sort((a, b) => measured(b.total, measure) - measured(a.total, measure))
  const most = CATEGORIES.length
  const shown = sorted.length > most ? sorted.slice(0, most - 1) : sorted
  const found = colours(shown.map(({ key }) => key))
  return sorted.map((group) => ({ ...group, colour: found.get(group.key) ?? REST }))
}

export function series(groups: readonly Group[], measure: Measure): BarSeries[] {
  const all = ranked(groups, measure).map((group) => ({
    key: group.key,
    label: nameOf(group),
    colour: group.colour,
    values: group.days.map((day) => measured(day, measure)),
  }))
  const rest = all.filter(({ colour }) => colour === REST)
  if (rest.length === 0) return all
  const values = (rest[0]?.values ?? []).map((_, day) =>
    rest.reduce((sum, one) => sum + (one.values[day] ?? 0), 0),
  )
  const others = { key: ' rest', label: texts.other, colour: REST, values }
  return [...all.filter(({ colour }) => colour !== REST), others]
}

/** A spreadsheet takes a word that begins as a formula for one; a quote before it prevents that. */
export function csv(groups: readonly Group[]): string {
  const columns = Object.keys(groups[0]?.total ?? {}) as (keyof Figures)[]
  const word = (text: string) => `"${text.replace(/^[=+\-@\t\r]/, "'$&").replaceAll('"', '""')}"`
  const line = (group: Group) =>
    [word(nameOf(group)), ...columns.map((column) => group.total[column])].join(',')
  return `${[['name', ...columns].join(','), ...groups.map(line)].join('\r\n')}\r\n`
}
