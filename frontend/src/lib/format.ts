/** Numbers, money and times as people read them. Times come in as Unix milliseconds. */

import { language } from './texts'

const locale = globalThis.navigator?.languages?.find((one) => one.startsWith(language)) ?? language

const whole = new Intl.NumberFormat(locale)
const short = new Intl.NumberFormat(locale, { notation: 'compact', maximumFractionDigits: 1 })
const share = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 0 })
const dollars = new Intl.NumberFormat(locale, { style: 'currency', currency: 'USD' })
const cents = new Intl.NumberFormat(locale, {
  style: 'currency',
  currency: 'USD',
  maximumFractionDigits: 4,
})
const dayOnly = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short' })
const day = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short', year: 'numeric' })
const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto', style: 'long' })

const HOURS = { hour: '2-digit', minute: '2-digit' } as const
const SECONDS = { ...HOURS, second: '2-digit' } as const

const clocks = (cycle: { hourCycle?: 'h12' | 'h23' }) => ({
  time: new Intl.DateTimeFormat(locale, { ...HOURS, ...cycle }),
  weekday: new Intl.DateTimeFormat(locale, { ...HOURS, ...cycle, weekday: 'short' }),
  second: new Intl.DateTimeFormat(locale, { ...SECONDS, ...cycle }),
  dayMinute: new Intl.DateTimeFormat(locale, {
    day: 'numeric',
    month: 'short',
    ...HOURS,
    ...cycle,
  }),
  full: new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'medium', ...cycle }),
})
let clock = clocks({})

/** How hours are told from now on; null: as is usual where the reader is. */
export function setHours(hourCycle: 'h12' | 'h23' | null): void {
  clock = clocks(hourCycle ? { hourCycle } : {})
}

export const number = (value: number) => whole.format(value)

/** '1.2M' for 1,234,567. */
export const compact = (value: number) => short.format(value)

/** A share of 0 to 1; what is nearly all or nearly nothing is not rounded to it. */
export function percent(value: number): string {
  if (value > 0 && value < 0.01) return `<${share.format(0.01)}`
  if (value < 1 && value > 0.99) return share.format(0.99)
  return share.format(value)
}

/** Micro-dollars; small amounts keep two more digits. */
export function money(micros: number): string {
  const value = micros / 1_000_000
  return (value !== 0 && Math.abs(value) < 0.1 ? cents : dollars).format(value)
}

export const time = (at: number) => clock.time.format(at)
export const date = (at: number) => day.format(at)

/** 'Thu 14:00'. */
export const dayTime = (at: number) => clock.weekday.format(at)
export const shortDate = (at: number) => dayOnly.format(at)

const NEAR_MS = 43_200_000
const WEEK_MS = 518_400_000 // less a day, so that a weekday means one day only

/** '14:00', with its day if that is not near: 'Thu 14:00', '12 Mar'. */
export function when(at: number, now: number): string {
  const away = Math.abs(at - now)
  if (away < NEAR_MS) return time(at)
  return away < WEEK_MS ? clock.weekday.format(at) : shortDate(at)
}

/** '14:00:05', and what is not near to the minute: 'Thu 14:00', '12 Mar, 14:00'. */
export function toSecond(at: number, now: number): string {
  const away = Math.abs(at - now)
  if (away < NEAR_MS) return clock.second.format(at)
  return (away < WEEK_MS ? clock.weekday : clock.dayMinute).format(at)
}

export const moment = (at: number) => clock.full.format(at)

/** '850 ms', '2.4 s', '3 min 20 s'. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`
  const seconds = Math.round(ms / 1000)
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}

const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
] as const

/** '3 hours ago', 'in 2 days', 'now'. */
export function ago(at: number, now: number): string {
  for (const [unit, length] of UNITS) {
    const count = Math.trunc((at - now) / length)
    if (count !== 0) return relative.format(count, unit)
  }
  return relative.format(0, 'second')
}

/** Until `at`: '2 d 4 h', '3 h', '1 min'; never below a minute. */
export function until(at: number, now: number): string {
  const minutes = Math.max(1, Math.ceil((at - now) / 60_000))
  const hours = Math.floor(minutes / 60)
  if (hours === 0) return `${minutes} min`
  if (hours < 24) return both(`${hours} h`, minutes % 60, 'min')
  return both(`${Math.floor(hours / 24)} d`, hours % 24, 'h')
}

const both = (large: string, count: number, unit: string) =>
  count === 0 ? large : `${large} ${count} ${unit}`
