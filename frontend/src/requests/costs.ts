/** What a request cost, as arithmetic that one can follow. Pure. */

import type { Schema } from '../api/queries'

type Row = Schema['RequestLogEntry']
export type Part = {
  kind: 'input' | 'cached' | 'output'
  tokens: number
  micros: number | null // null: it has no price
  rate: number | null // dollars per million tokens
}

const DIGITS = [0, 1, 2, 3, 4]

/** Cached tokens are part of the input. Nothing if nothing was counted. */
export function parts(row: Row): Part[] {
  if (row.inputTokens === null || row.outputTokens === null) return []
  const cached = row.cachedInputTokens ?? 0
  const { inputUsd, cachedInputUsd, outputUsd } = row.costBreakdown
  return [
    part('input', row.inputTokens - cached, inputUsd),
    part('cached', cached, cachedInputUsd),
    part('output', row.outputTokens, outputUsd),
  ]
}

function part(kind: Part['kind'], tokens: number, dollars: number | null | undefined): Part {
  const micros = dollars === null || dollars === undefined ? null : Math.round(dollars * 1e6)
  return { kind, tokens, micros, rate: micros === null ? null : rate(tokens, micros) }
}

/** The roundest rate that gives this cost; a cost is rounded to a micro-dollar. */
export function rate(tokens: number, micros: number): number | null {
  if (tokens <= 0) return null
  const exact = micros / tokens
  const rounded = DIGITS.map((digits) => Number(exact.toFixed(digits)))
  return rounded.find((one) => Math.abs(one * tokens - micros) <= 0.5) ?? exact
}
