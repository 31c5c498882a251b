/** Which way of adding stands open. Pure; the address names it: `?by=import`. */

export const WAYS = ['browser', 'device', 'import'] as const
export type Way = (typeof WAYS)[number]

/** Whoever is signed in anew has nothing to import. */
export function offered(isAgain: boolean): readonly Way[] {
  return WAYS.filter((way) => !(isAgain && way === 'import'))
}

/** `search` of an address after the sheet, which is the only one to read `by`. */
export function afterwards(search: string): string {
  const given = new URLSearchParams(search)
  if (!given.has('by')) return search
  given.delete('by')
  return given.size > 0 ? `?${given}` : ''
}
