/** Days of this browser's calendar, as the address has them: '2026-03-01'. Pure. */

const DAY_MS = 86_400_000
export const MOST_DAYS = 366

export type Stretch = { days: number; until: string } // until '': today

export const isDay = (text: string): boolean =>
  /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text))

/** The day at `now` by this browser's clock. */
export function today(now: number): string {
  return new Date(now - new Date(now).getTimezoneOffset() * 60_000).toISOString().slice(0, 10)
}

export function firstDay({ days, until }: Stretch): string {
  return new Date(Date.parse(until) - (days - 1) * DAY_MS).toISOString().slice(0, 10)
}

/** From the one day to the other, whichever comes first; null if one of them is none. */
export function between(one: string, other: string): Stretch | null {
  if (!isDay(one) || !isDay(other)) return null
  const [first, last] = [one, other].sort() as [string, string]
  const days = (Date.parse(last) - Date.parse(first)) / DAY_MS + 1
  return { days: Math.min(MOST_DAYS, days), until: last }
}

/** What an address says, as far as it can be meant. */
export function meant({ days, until }: Stretch, now: number): Stretch {
  const isPast = isDay(until) && until <= today(now)
  return { days: Math.min(MOST_DAYS, Math.max(1, days)), until: isPast ? until : '' }
}
