import { useState } from 'react'

import { useLive } from '../api/live'
import { connect, type Schema } from '../api/queries'
import { withRequest } from './heard'

/** Requests stand on the page as they begin and end; whether one did since it is open. */
export function useHeard(): boolean {
  const [heard, setHeard] = useState(false)
  const take: Parameters<typeof useLive>[1] = (data, cache) => {
    setHeard(true)
    cache.setQueryData(
      connect.queryKey,
      (held) =>
        held && { ...held, seen: withRequest(held.seen, data as Schema['RequestLogEntry']) },
    )
  }
  useLive('request.started', take)
  useLive('request.finished', take)
  return heard
}
