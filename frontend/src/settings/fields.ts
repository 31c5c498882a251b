/** The settings that an operator changes: where each stands, how it is set and how it reads. Pure. */

import type { Schema } from '../api/queries'
import { entries } from '../lib/entries'
import { number } from '../lib/format'
import { texts } from './texts'

export type Document = Schema['SettingsDocument']
export type Changes = Omit<Schema['SettingsUpdate'], 'expectedVersion'>
export type Name = Exclude<keyof Changes, 'modelPrices'> // these are set model by model
export type Section = keyof typeof texts.sections
export type Value = string | number | boolean | null

type Control =
  | { kind: 'switch' | 'strategy' | 'account' }
  | { kind: 'choice'; values: readonly Value[] } // others may be set by other ways
  | { kind: 'number'; least: number; most: number; unit: number; isWhole: boolean }

type Field = { section: Section; control: Control; follows?: string }

const HOUR_S = 3_600
const DAY_S = 86_400

const toggle = (section: Section): Field => ({ section, control: { kind: 'switch' } })
const choice = (section: Section, values: readonly Value[]): Field => ({
  section,
  control: { kind: 'choice', values },
})
const amount = (least: number, most: number, unit = 1, isWhole = true): Field => ({
  section: 'routing',
  control: { kind: 'number', least, most, unit, isWhole },
})

/** `unit`: how many of what the service counts in make one of what is typed. */
export const FIELDS: Record<Name, Field> = {
  routingStrategy: { section: 'routing', control: { kind: 'strategy' } },
  singleAccountId: { section: 'routing', control: { kind: 'account' } },
  relativeAvailabilityPower: amount(0.01, 1_000, 1, false),
  relativeAvailabilityTopK: amount(1, 20),
  preferEarlierResetAccounts: toggle('routing'),
  preferEarlierResetWindow: choice('routing', ['primary', 'secondary']),
  stickyThreadsEnabled: toggle('routing'),
  openaiCacheAffinityMaxAgeSeconds: amount(1, 604_800, 60, false),
  proxyAccountStreamLimit: {
    ...amount(1, 1_000_000),
    follows: 'CODEX_LB_PROXY_ACCOUNT_STREAM_LIMIT',
  },
  prohibitFastMode: toggle('routing'),
  apiKeyAuthEnabled: toggle('access'),
  hideUpstreamQuotaFromApiKeys: toggle('access'),
  dashboardSessionTtlSeconds: choice('security', [
    HOUR_S,
    12 * HOUR_S,
    DAY_S,
    7 * DAY_S,
    30 * DAY_S,
    90 * DAY_S,
    365 * DAY_S,
  ]),
  totpRequiredOnLogin: toggle('security'),
  requestLogRetentionOverrideDays: {
    ...choice('data', [null, 30, 60, 90, 180, 365, 730, 0]),
    follows: 'CODEX_LB_REQUEST_LOG_RETENTION_DAYS',
  },
  usageHistoryRetentionOverrideDays: choice('data', [null, 45, 90, 180, 365, 730, 0]),
}

export type State = { value: Value; usual: Value }

/** What is set and what would be without; null for what the document does not tell. */
export function stateOf(document: Document, name: Name): State | null {
  if (name === 'totpRequiredOnLogin') {
    const { totpRequired } = document.security
    return { value: totpRequired, usual: totpRequired } // no default that one should go back to
  }
  const found = document.operator.find((one) => one.name === name)
  return found ? { value: read(found.value), usual: read(found.default) } : null
}

/** A plain value of JSON; anything else counts as not set. */
export function read(value: unknown): Value {
  switch (typeof value) {
    case 'string':
    case 'number':
    case 'boolean':
      return value
    default:
      return null
  }
}

/** One value by its name. Which fits which, the service judges. */
export function changeOf(name: Name, value: Value): Changes {
  const pair: readonly Value[] = [name, value]
  return Object.fromEntries([pair])
}

/** Why it would have no effect just now, or null. */
export function idle(document: Document, name: Name): string | null {
  const is = (other: Name, value: Value) => stateOf(document, other)?.value === value
  switch (name) {
    case 'relativeAvailabilityPower':
    case 'relativeAvailabilityTopK':
      return is('routingStrategy', 'relative_availability')
        ? null
        : texts.needs.strategy(texts.strategies.relative_availability.label)
    case 'preferEarlierResetWindow':
      return is('preferEarlierResetAccounts', true) ? null : texts.needs.earlier
    case 'openaiCacheAffinityMaxAgeSeconds':
      return is('stickyThreadsEnabled', true) ? null : texts.needs.sticky
    case 'singleAccountId':
      return is('routingStrategy', 'single_account')
        ? null
        : texts.needs.strategy(texts.strategies.single_account.label)
    case 'totpRequiredOnLogin':
      return document.security.totpConfigured ? null : texts.needs.codes
    default:
      return null
  }
}

const SAMPLE_DAYS = 90 // as core/operator_settings.py has them

/** Days for which something is kept unless the operator says otherwise; 0: for ever. */
export function usualDays(document: Document, name: Name): number {
  const { follows } = FIELDS[name]
  const variable = document.environment.find((one) => one.name === follows)
  return variable ? Number(variable.value) : SAMPLE_DAYS
}

/** The default in words. */
export function usualShown(document: Document, name: Name): string {
  const usual = stateOf(document, name)?.usual ?? null
  const isDays = FIELDS[name].section === 'data' && usual === null
  return shown(name, isDays ? usualDays(document, name) : usual)
}

/** Whether what is older would be deleted. `days`: null stands for `usual` days, 0 for ever. */
export function shortens(before: Value, after: Value, usual: number): boolean {
  const length = (days: Value) => Number(days ?? usual) || Number.POSITIVE_INFINITY
  return length(after) < length(before)
}

/** What is typed, as the service counts it; null: not to be taken. */
export function parse(name: Name, typed: string): number | null {
  const { control } = FIELDS[name]
  if (control.kind !== 'number' || !/^\s*\d+([.,]\d+)?\s*$/.test(typed)) return null
  const counted = Number(typed.trim().replace(',', '.')) * control.unit
  const value = control.unit > 1 ? Math.round(counted) : counted
  if (control.isWhole && !Number.isInteger(value)) return null
  return value >= control.least && value <= control.most ? value : null
}

/** What stands in its field. */
export function typed(name: Name, value: Value): string {
  const { control } = FIELDS[name]
  if (control.kind !== 'number' || typeof value !== 'number') return String(value ?? '')
  return String(Math.round((value / control.unit) * 1_000) / 1_000)
}

/** The range of a number, as a sentence. */
export function range(name: Name): string {
  const { control } = FIELDS[name]
  if (control.kind !== 'number') return ''
  const shown = (value: number) => String(Math.ceil((value / control.unit) * 100) / 100)
  const say = control.isWhole ? texts.whole : texts.between
  return say(shown(control.least), shown(control.most))
}

/** A value in words. */
export function shown(name: Name, value: Value): string {
  if (typeof value === 'boolean') return value ? texts.on : texts.off
  switch (name) {
    case 'routingStrategy':
      return texts.strategies[strategyOf(value)].label
    case 'preferEarlierResetWindow':
      return value === 'primary' ? texts.windows.primary : texts.windows.secondary
    case 'dashboardSessionTtlSeconds':
      return lasting(Number(value))
    case 'requestLogRetentionOverrideDays':
    case 'usageHistoryRetentionOverrideDays':
      if (value === null) return texts.asEnvironment
      return value === 0 ? texts.forever : texts.days(Number(value))
    case 'singleAccountId':
      return value === null ? texts.noAccount : String(value)
    default:
      return typeof value === 'number' ? number(Number(typed(name, value))) : String(value)
  }
}

export type Strategy = keyof typeof texts.strategies

export const STRATEGIES = entries(texts.strategies)

/** The default for what is none. */
export const strategyOf = (value: Value): Strategy =>
  STRATEGIES.find(([one]) => one === value)?.[0] ?? 'capacity_weighted'

function lasting(seconds: number): string {
  if (seconds % DAY_S === 0) return texts.days(seconds / DAY_S)
  return seconds % HOUR_S === 0 ? texts.hours(seconds / HOUR_S) : texts.seconds(seconds)
}
