/** What may follow where one types in the search field. Pure. */

import type { Schema } from '../api/queries'
import { texts } from './texts'
import { word } from './words'

export type Suggestion = { insert: string; hint: string; isPrivate?: boolean }

const MOST = 8
const TIMES = ['>1s', '>5s', '>20s', '<500ms']
const said: Record<string, string> = texts.search.keys

/** The word that ends at the caret: where it begins, and what of it is typed. */
export function typed(query: string, caret: number): { from: number; word: string } {
  const before = query.slice(0, caret)
  const found = /(?:-?[a-z]+:"[^"]*|[^\s]*)$/.exec(before)
  return { from: found?.index ?? caret, word: found?.[0] ?? '' }
}

export function suggestions(
  query: string,
  caret: number,
  facets: readonly Schema['Facet'][],
): Suggestion[] {
  const now = typed(query, caret).word
  const [, sign = '', key, value = ''] = /^(-?)([a-z]+):"?(.*)$/.exec(now) ?? []
  if (key === undefined) {
    const start = now.replace(/^-/, '')
    return Object.entries(said)
      .filter(([name]) => name.startsWith(start) && name !== now)
      .map(([name, hint]) => ({ insert: `${now.startsWith('-') ? '-' : ''}${name}:`, hint }))
  }
  if (key === 'ttft' || key === 'total' || key === 'queue') {
    return TIMES.filter((time) => time.startsWith(value) && time !== value).map((time) => ({
      insert: `${key}:${time} `,
      hint: said[key] ?? '',
    }))
  }
  const values = facets.find(({ name }) => name === key)?.values ?? []
  return values
    .filter(({ label }) => label.toLowerCase().includes(value.toLowerCase()))
    .slice(0, MOST)
    .map(({ label, count }) => ({
      insert: `${sign}${word(key, label)} `,
      hint: texts.search.times(count),
      isPrivate: key === 'account',
    }))
}

/** The query with a suggestion in the place of what was typed, and where the caret is then. */
export function completed(query: string, caret: number, insert: string): [string, number] {
  const { from } = typed(query, caret)
  const rest = query.slice(caret)
  const after = insert.endsWith(' ') ? rest.trimStart() : rest
  return [query.slice(0, from) + insert + after, from + insert.length]
}
