import { useSyncExternalStore } from 'react'

import type { Store } from './store'

export function useStore<T>(watched: Store<T>): T {
  return useSyncExternalStore(watched.watch, watched.get)
}
