import { useEffect, useEffectEvent, useState } from 'react'

import { type Flow, type Method, signIn } from './flow'

/** A sign-in that begins with the component and is given up with it. */
export function useFlow(
  method: Method,
  accountId: string | null,
  onSignedIn: (accountId: string) => void,
): Flow {
  const [flow, setFlow] = useState<Flow>({ stage: 'beginning' })
  const show = useEffectEvent((next: Flow) => {
    setFlow(next)
    if (next.stage === 'done') onSignedIn(next.accountId)
  })
  useEffect(() => {
    const leaving = new AbortController()
    void signIn(method, accountId, (next) => leaving.signal.aborted || show(next), leaving.signal)
    return () => leaving.abort()
  }, [method, accountId])
  return flow
}
