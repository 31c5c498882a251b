/** Which colour a model, an account, a key or a client has. Pure. */

export const CATEGORIES = [1, 2, 3, 4, 5, 6].map((at) => `var(--category-${at})`)

/** Of what is not told apart. */
export const REST = 'var(--edge)'

/**
 * A colour for each, for as many as there are colours. It comes from the name, not from the rank, so
 * that it stays from page to page and day to day; only where two want the same one, one gives way.
 */
export function colours(names: readonly string[]): Map<string, string> {
  const free = [...CATEGORIES]
  const found = new Map<string, string>()
  for (const name of [...names].sort()) {
    const wanted = CATEGORIES[sum(name) % CATEGORIES.length] ?? REST
    const at = Math.max(0, free.indexOf(wanted))
    found.set(name, free.splice(at, 1)[0] ?? REST)
  }
  return found
}

const sum = (name: string) =>
  [...name].reduce((hash, letter) => (hash * 31 + (letter.codePointAt(0) ?? 0)) % 65_521, 7)
