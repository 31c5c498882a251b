/**
 * Typed search parameters: what a page shows stands in its address.
 *
 * A page names its parameters once, `{ q: text(), range: oneOf(RANGES, '24h') }`. A default does not
 * stand in the address, and what another part of the program put there stays.
 */

export type Param<T> = {
  fallback: T
  read: (words: string[]) => T | undefined // undefined: not to be understood
  write: (value: T) => string[]
}

export type Params = Record<string, Param<never>>
// biome-ignore lint/suspicious/noExplicitAny: the only way to say "a parameter of anything"
export type Values<P extends Record<string, Param<any>>> = { [K in keyof P]: P[K]['fallback'] }

export const text = (fallback = ''): Param<string> => ({
  fallback,
  read: ([word]) => word,
  write: (value) => [value],
})

export const flag = (): Param<boolean> => ({
  fallback: false,
  read: ([word]) => word === '1',
  write: (value) => (value ? ['1'] : []),
})

export const whole = (fallback: number): Param<number> => ({
  fallback,
  read: ([word]) => (word && /^-?\d{1,15}$/.test(word) ? Number(word) : undefined),
  write: (value) => [String(value)],
})

export const oneOf = <T extends string>(words: readonly T[], fallback: T): Param<T> => ({
  fallback,
  read: ([given]) => words.find((word) => word === given),
  write: (value) => [value],
})

/** Several words, each once, in the order given. */
export const many = (): Param<readonly string[]> => ({
  fallback: [],
  read: (words) => [...new Set(words)],
  write: (value) => [...value],
})

// biome-ignore lint/suspicious/noExplicitAny: as above
type AnyParams = Record<string, Param<any>>

export function readSearch<P extends AnyParams>(params: P, search: string): Values<P> {
  const given = new URLSearchParams(search)
  const read = ([name, param]: [string, AnyParams[string]]) => {
    const words = given.getAll(name)
    return [name, (words.length > 0 ? param.read(words) : undefined) ?? param.fallback]
  }
  return Object.fromEntries(Object.entries(params).map(read))
}

/** `search` with `changes`; without the question mark. */
export function writeSearch<P extends AnyParams>(
  params: P,
  search: string,
  changes: Partial<Values<P>>,
): string {
  const given = new URLSearchParams(search)
  for (const [name, value] of Object.entries(changes)) {
    const param = params[name]
    if (!param) continue
    given.delete(name)
    if (String(value) === String(param.fallback)) continue
    for (const word of param.write(value)) given.append(name, word)
  }
  return given.toString()
}
