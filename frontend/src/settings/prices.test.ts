import { expect, it } from 'vitest'

import { parse, typedOf, withPrice } from './prices'

it.each([
  ['1.25', 1_250_000],
  ['$0.075', 75_000],
  ['0,5', 500_000],
  ['0', 0],
  ['', null],
  ['-1', null],
  ['1e9', null],
  ['2000000', null],
  ['cheap', null],
])('%j is %j micro-dollars', (typed, micros) => {
  expect(parse(typed)).toBe(micros)
})

it('shows what is known, and nothing where nothing is', () => {
  const rates = { input: 1_250_000, cached: 125_000, output: 0 }
  expect(typedOf(rates)).toEqual({ input: '1.25', cached: '0.125', output: '0' })
  expect(typedOf(null)).toEqual({ input: '', cached: '', output: '' })
})

const RATES = { input: 1, cached: 1, output: 1 }

it('a model has one price, whatever its letters', () => {
  expect(withPrice({ 'GPT-x': RATES, other: RATES }, 'gpt-x', null)).toEqual({ other: RATES })
  expect(withPrice({ 'GPT-x': RATES }, 'gpt-x', RATES)).toEqual({ 'gpt-x': RATES })
})
