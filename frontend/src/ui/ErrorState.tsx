import { OctagonAlert } from 'lucide-react'
import type { ReactNode } from 'react'

import { time } from '../lib/format'
import { common } from '../lib/texts'
import { Button } from './Button'

type Props = {
  message: ReactNode
  requestId?: string | null
  dataFrom?: number // Unix milliseconds of what is still shown
  busy?: boolean
  onRetry?: () => void
}

/** Stands above what is still shown, or in its place. */
export function ErrorState({ message, requestId, dataFrom, busy = false, onRetry }: Props) {
  return (
    <div
      role="alert"
      className="mb-4 flex flex-wrap items-center gap-x-3 gap-y-2 rounded border border-failed bg-card px-3 py-2"
    >
      <OctagonAlert aria-hidden="true" className="size-4 shrink-0 text-failed" />
      <p className="min-w-0 flex-1 basis-48 break-words">
        {message}
        {(dataFrom || requestId) && (
          <span className="block text-xs text-muted">
            {[dataFrom && common.asOf(time(dataFrom)), requestId && common.requestId(requestId)]
              .filter(Boolean)
              .join(' · ')}
          </span>
        )}
      </p>
      {onRetry && (
        <Button busy={busy} onClick={onRetry}>
          {common.retry}
        </Button>
      )}
    </div>
  )
}
