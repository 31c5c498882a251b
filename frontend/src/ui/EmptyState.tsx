import type { ReactNode } from 'react'

type Props = { text: string; action?: ReactNode; children?: ReactNode }

/** Nothing there yet: one sentence, one thing to do, and perhaps what to copy. */
export function EmptyState({ text, action, children }: Props) {
  return (
    <div className="grid justify-items-center gap-4 rounded border border-dashed border-line px-6 py-12 text-center">
      <p className="max-w-prose text-balance text-muted">{text}</p>
      {action}
      {children}
    </div>
  )
}
