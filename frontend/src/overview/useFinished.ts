import { useLive } from '../api/live'
import type { Schema } from '../api/queries'

type Row = Schema['RequestLogEntry']

const SHOWN = 10

/** Finished requests stand in the list at once; the sums follow when the log has counted them. */
export function useFinished(): void {
  useLive('request.finished', (data, cache) => {
    const row = data as Row
    cache.setQueriesData<Schema['OverviewDocument']>({ queryKey: ['overview'] }, (held) => {
      if (!held) return held
      const others = held.latest.filter(({ requestId }) => requestId !== row.requestId)
      const setup = { ...held.setup, hasRequests: true }
      return { ...held, setup, latest: [row, ...others].slice(0, SHOWN) }
    })
  })
}
