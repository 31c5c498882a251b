import { useEffect, useRef } from 'react'

import { useLive } from '../api/live'
import type { Schema } from '../api/queries'

type Row = Schema['RequestLogEntry']

const SHOWN = 10
const SUMS_MS = 10_000 // sums may be this late; an idle pool is not asked at all

/** Finished requests stand in the list at once, and in the sums a little later. */
export function useFinished(): void {
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  useEffect(() => () => clearTimeout(timer.current), [])
  useLive('request.finished', (data, cache) => {
    const row = data as Row
    cache.setQueriesData<Schema['OverviewDocument']>({ queryKey: ['overview'] }, (held) => {
      if (!held) return held
      const others = held.latest.filter(({ requestId }) => requestId !== row.requestId)
      const setup = { ...held.setup, hasRequests: true }
      return { ...held, setup, latest: [row, ...others].slice(0, SHOWN) }
    })
    timer.current ??= setTimeout(() => {
      timer.current = undefined
      void cache.invalidateQueries({ queryKey: ['overview'] })
    }, SUMS_MS)
  })
}
