/** Prices of the operator's own: as they are typed, and as the service keeps them. Pure. */

import type { Changes, Document } from './fields'

export const KINDS = ['input', 'cached', 'output'] as const
export type Kind = (typeof KINDS)[number]
export type Own = NonNullable<Changes['modelPrices']>
export type Typed = Record<Kind, string>

const MICROS = 1_000_000
const MOST = 1_000_000 // dollars

/** Micro-dollars per million tokens; null: not to be taken. */
export function parse(typed: string): number | null {
  const plain = typed.trim().replace(/^\$/, '').replace(',', '.')
  if (!/^\d+(\.\d{1,6})?$/.test(plain)) return null
  const dollars = Number(plain)
  return dollars <= MOST ? Math.round(dollars * MICROS) : null
}

/** What stands in the fields at first. */
export function typedOf(rates: Record<Kind, number> | null): Typed {
  const dollars = (kind: Kind) => (rates ? String(rates[kind] / MICROS) : '')
  return { input: dollars('input'), cached: dollars('cached'), output: dollars('output') }
}

/** The prices that were set, as the document tells them. */
export function ownOf(document: Document): Own {
  const found = document.operator.find(({ name }) => name === 'modelPrices')
  return isOwn(found?.value) ? found.value : {}
}

const isOwn = (value: unknown): value is Own => typeof value === 'object' && value !== null

/** With a price for `model`, or without one of its own. Names are found whatever their letters. */
export function withPrice(own: Own, model: string, rates: Own[string] | null): Own {
  const others = Object.entries(own).filter(([name]) => name.toLowerCase() !== model.toLowerCase())
  return Object.fromEntries(rates ? [...others, [model, rates]] : others)
}
