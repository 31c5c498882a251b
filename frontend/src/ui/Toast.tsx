import { X } from 'lucide-react'
import { useEffect, useState } from 'react'

import { message } from '../lib/messages'
import { common } from '../lib/texts'
import { useStore } from '../lib/useStore'
import { Button } from './Button'
import { IconButton } from './IconButton'

const STAYS_MS = 6_000
const STAYS_WITH_ACTION_MS = 12_000

/** Shows the message; once on the page. It stays while the pointer or the focus is on it. */
export function Toast() {
  const shown = useStore(message)
  const [held, setHeld] = useState(false)
  useEffect(() => {
    if (!shown || held || shown.tone === 'failed') return
    const timer = setTimeout(
      () => message.set(null),
      shown.action ? STAYS_WITH_ACTION_MS : STAYS_MS,
    )
    return () => clearTimeout(timer)
  }, [shown, held])

  return (
    <div
      role="status"
      aria-live="polite"
      className="pointer-events-none fixed inset-x-4 bottom-20 z-50 flex justify-center md:bottom-6"
    >
      {shown && (
        <div
          onPointerEnter={() => setHeld(true)}
          onPointerLeave={() => setHeld(false)}
          onFocus={() => setHeld(true)}
          onBlur={() => setHeld(false)}
          className="pointer-events-auto flex max-w-xl items-center gap-2 rounded border border-line bg-card py-1 pr-1 pl-4 shadow-over"
        >
          <p className={shown.tone === 'failed' ? 'text-failed' : undefined}>{shown.text}</p>
          {shown.action && (
            <Button
              look="quiet"
              onClick={() => {
                shown.action?.run()
                message.set(null)
              }}
            >
              {shown.action.label}
            </Button>
          )}
          <IconButton icon={X} label={common.close} onClick={() => message.set(null)} />
        </div>
      )}
    </div>
  )
}
