/** A key's form: from the key, and back to what the service is asked for. Pure. */

import type { Schema } from '../api/queries'
import type { Key } from './state'
import { texts } from './texts'

export type Rule = Schema['LimitRuleCreate']
export type Kind = Rule['limitType']
export type Window = Rule['limitWindow']
export type Terms = Schema['ApiKeyCreateRequest']

export type RuleDraft = { kind: Kind; window: Window; most: string; model: string }

export type Draft = {
  name: string
  budget: string // dollars as typed; empty: none
  budgetWindow: Window
  expiry: keyof typeof texts.sheet.expiries
  expiresOn: string // yyyy-mm-dd, as a date field has it
  models: readonly string[]
  showsHidden: boolean
  enforcedModel: string // empty in these three: as the client asks
  enforcedEffort: string
  enforcedTier: string
  efforts: readonly string[]
  accounts: readonly string[]
  rules: readonly RuleDraft[] // beside the budget
}

export type Faults = { name?: string; budget?: string; expiresOn?: string; rules?: number }

export const EMPTY: Draft = {
  name: '',
  budget: '',
  budgetWindow: 'monthly',
  expiry: 'never',
  expiresOn: '',
  models: [],
  showsHidden: false,
  enforcedModel: '',
  enforcedEffort: '',
  enforcedTier: '',
  efforts: [],
  accounts: [],
  rules: [],
}

const MICROS = 1_000_000
const DAY_MS = 86_400_000

/** The first cost limit for all models is the budget; the others are further ones. */
export function draftOf(key: Key): Draft {
  const isBudget = (limit: Key['limits'][number]) =>
    limit.limitType === 'cost_usd' && limit.modelFilter === null
  const budget = key.limits.find(isBudget)
  return {
    name: key.name,
    budget: budget ? shown('cost_usd', budget.maxValue) : '',
    budgetWindow: budget?.limitWindow ?? EMPTY.budgetWindow,
    expiry: key.expiresAt === null ? 'never' : 'on',
    expiresOn: key.expiresAt === null ? '' : localDate(new Date(key.expiresAt)),
    models: key.allowedModels ?? [],
    showsHidden: key.applyToCodexModel,
    enforcedModel: key.enforcedModel ?? '',
    enforcedEffort: key.enforcedReasoningEffort ?? '',
    enforcedTier: key.enforcedServiceTier ?? '',
    efforts: key.allowedReasoningEfforts ?? [],
    accounts: key.assignedAccountIds,
    rules: key.limits
      .filter((limit) => limit !== budget)
      .map((limit) => ({
        kind: limit.limitType,
        window: limit.limitWindow,
        most: shown(limit.limitType, limit.maxValue),
        model: limit.modelFilter ?? '',
      })),
  }
}

/** What keeps the form from being sent; `rules` is the place of the first bad one. */
export function faults(draft: Draft): Faults {
  const { sheet } = texts
  const badRule = draft.rules.findIndex(({ kind, most }) => read(kind, most) === null)
  return {
    ...(draft.name.trim() ? {} : { name: sheet.nameMissing }),
    ...(draft.budget.trim() && read('cost_usd', draft.budget) === null
      ? { budget: sheet.amountWrong }
      : {}),
    ...(draft.expiry === 'on' && !draft.expiresOn ? { expiresOn: sheet.expiresOnMissing } : {}),
    ...(badRule < 0 ? {} : { rules: badRule }),
  }
}

/** Of a draft without faults. `before`: the key that it changes; its exact time of expiry stays. */
export function termsOf(draft: Draft, now: number, before?: Key): Terms {
  const rules = draft.budget.trim()
    ? [{ kind: 'cost_usd', window: draft.budgetWindow, most: draft.budget, model: '' } as const]
    : []
  return {
    name: draft.name.trim(),
    expiresAt: expiresAt(draft, now, before),
    limits: [...rules, ...draft.rules].map(({ kind, window, most, model }) => ({
      limitType: kind,
      limitWindow: window,
      maxValue: read(kind, most) ?? 1,
      modelFilter: model.trim() || null,
    })),
    allowedModels: [...draft.models],
    applyToCodexModel: draft.showsHidden,
    enforcedModel: draft.enforcedModel || null,
    enforcedReasoningEffort: draft.enforcedEffort || null,
    enforcedServiceTier: draft.enforcedTier || null,
    allowedReasoningEfforts: [...draft.efforts],
    assignedAccountIds: [...draft.accounts],
  }
}

function expiresAt({ expiry, expiresOn }: Draft, now: number, before?: Key): string | null {
  if (expiry === 'never') return null
  if (expiry !== 'on') return new Date(now + Number.parseInt(expiry, 10) * DAY_MS).toISOString()
  if (before?.expiresAt && localDate(new Date(before.expiresAt)) === expiresOn) {
    return before.expiresAt
  }
  return new Date(`${expiresOn}T23:59:59`).toISOString() // the day is the key's to its end
}

const UNITS: Record<string, number> = { '': 1, k: 1e3, m: 1e6, b: 1e9 }

/** '1.5M' as a number of tokens, '20' as micro-dollars; null: no amount above zero. */
export function read(kind: Kind, typed: string): number | null {
  const [, digits = '', unit = ''] = /^\$?\s*([\d,]*\.?\d+)\s*([kmb]?)$/i.exec(typed.trim()) ?? []
  const value = Number(digits.replaceAll(',', '')) * (UNITS[unit.toLowerCase()] ?? 1)
  const counted = Math.round(kind === 'cost_usd' ? value * MICROS : value)
  return digits && counted >= 1 && Number.isSafeInteger(counted) ? counted : null
}

const shown = (kind: Kind, value: number) => String(kind === 'cost_usd' ? value / MICROS : value)

function localDate(date: Date): string {
  const two = (part: number) => String(part).padStart(2, '0')
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
}
