/** By which words a facet's value may stand in the query. Pure. */

import type { Schema } from '../api/queries'

type Value = Schema['FacetValue']

/** What it is called, if that means no other one; and what it is known by. The first is written. */
export function namesOf(one: Value, all: readonly Value[]): string[] {
  const means = all.filter(({ label }) => label.toLowerCase().includes(one.label.toLowerCase()))
  return means.length > 1 ? [one.value, one.label] : [one.label, one.value]
}
