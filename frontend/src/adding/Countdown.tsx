import { useEffect, useState } from 'react'

import { clock } from './clock'
import { texts } from './texts'

const SECOND_MS = 1_000

/** The service says when it is over; this only shows it coming. */
export function Countdown({ seconds }: { seconds: number }) {
  const [end] = useState(() => Date.now() + seconds * SECOND_MS)
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), SECOND_MS)
    return () => clearInterval(timer)
  }, [])
  const left = Math.max(0, Math.round((end - now) / SECOND_MS))
  return (
    <p role="timer" className="tabular text-sm text-muted">
      {left > 0 ? texts.device.expires(clock(left)) : texts.device.expired}
    </p>
  )
}
