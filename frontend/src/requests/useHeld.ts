import { useState } from 'react'

import { type Document, newer, type Row, still } from './tail'

/** The rows to be shown, and how many newer ones wait while the list is held. */
export function useHeld({ view, requests }: Document, isHeld: boolean): [readonly Row[], number] {
  const [before, setBefore] = useState({ view, requests })
  const isSame = isHeld && JSON.stringify(before.view) === JSON.stringify(view)
  if (!isSame && before.requests !== requests) setBefore({ view, requests })
  if (!isSame) return [requests, 0]
  return [still(before.requests, requests), newer(before.requests, requests)]
}
