import { OctagonAlert } from 'lucide-react'

import { Spoken } from './Spoken'

/** Why nobody was signed in. As `ErrorState`, but it may name people. */
export function Failure({ message }: { message: string }) {
  return (
    <div
      role="alert"
      className="mb-4 flex items-start gap-3 rounded border border-failed bg-card px-3 py-2"
    >
      <OctagonAlert aria-hidden="true" className="mt-0.5 size-4 shrink-0 text-failed" />
      <p className="min-w-0 grow break-words">
        <Spoken>{message}</Spoken>
      </p>
    </div>
  )
}
