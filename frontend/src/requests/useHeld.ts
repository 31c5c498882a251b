import { useState } from 'react'

import type { Row } from './tail'

/** The rows to be shown, and how many newer ones wait while the list is held. */
export function useHeld(rows: readonly Row[], isHeld: boolean): [Row[], number] {
  const newest = rows[0] ? Date.parse(rows[0].requestedAt) : 0
  const [mark, setMark] = useState(newest)
  if (!isHeld && mark !== newest) setMark(newest)
  const shown = rows.filter(({ requestedAt }) => Date.parse(requestedAt) <= mark)
  return [shown, rows.length - shown.length]
}
