import { useSyncExternalStore } from 'react'

const TICK_MS = 15_000
let now = Date.now()

function watch(changed: () => void): () => void {
  const timer = setInterval(() => {
    now = Date.now()
    changed()
  }, TICK_MS)
  return () => clearInterval(timer)
}

/** Unix milliseconds, at most 15 s old; whoever uses it is drawn anew with it. */
export const useNow = () => useSyncExternalStore(watch, () => now)
