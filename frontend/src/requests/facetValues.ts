/** What a facet offers, and by which words its values may stand in the query. Pure. */

import type { Schema } from '../api/queries'

type Value = Schema['FacetValue']

/** What occurs, and what is chosen although it does not. */
export function valuesOf(facet: Schema['Facet'] | undefined, chosen: readonly string[]): Value[] {
  const values = facet?.values ?? []
  const absent = chosen.filter(
    (one) => !values.some((value) => namesOf(value, values).includes(one)),
  )
  return [...values, ...absent.map((one) => ({ value: one, label: one, count: 0 }))]
}

/** What it is called, if that means no other one; and what it is known by. The first is written. */
export function namesOf(one: Value, all: readonly Value[]): string[] {
  const means = all.filter(({ label }) => label.toLowerCase().includes(one.label.toLowerCase()))
  return means.length > 1 ? [one.value, one.label] : [one.label, one.value]
}
