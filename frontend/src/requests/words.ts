/** The words of the query, as `core/log_query.py` reads them: `model:gpt-5.5 -client:curl ttft:>2s quota`. */

export type Word = { key: string; value: string; isExcluded: boolean; from: number; to: number }

const WORD = /(?:(-?[a-z]+):)?("[^"]*"?|[^\s"]+)/g

export function words(query: string): Word[] {
  return [...query.matchAll(WORD)].map((match) => {
    const named = match[1] ?? ''
    return {
      key: named.replace(/^-/, ''),
      value: (match[2] ?? '').replaceAll('"', ''),
      isExcluded: named.startsWith('-'),
      from: match.index,
      to: match.index + match[0].length,
    }
  })
}

export const word = (key: string, value: string) =>
  `${key}:${/\s/.test(value) ? `"${value}"` : value}`

/** The values that the query wants of a key. */
export const wanted = (query: string, key: string): string[] =>
  words(query)
    .filter((one) => one.key === key && !one.isExcluded)
    .map(({ value }) => value)

/** The query with `key:value`, or without it if it is there under one of its names. */
export function toggled(query: string, key: string, names: readonly string[]): string {
  const found = words(query).filter(
    (one) => one.key === key && !one.isExcluded && names.includes(one.value),
  )
  if (found.length === 0) return `${query.trim()} ${word(key, names[0] ?? '')}`.trim()
  return without(query, found)
}

export function without(query: string, found: readonly Word[]): string {
  const kept = words(query).filter((one) => !found.some(({ from }) => from === one.from))
  return kept.map(({ from, to }) => query.slice(from, to)).join(' ')
}
