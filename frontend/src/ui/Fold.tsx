import { ChevronRight } from 'lucide-react'
import type { ReactNode } from 'react'

type Props = { title: string; isOpen?: boolean; children: ReactNode }

/** What few people need, behind its title. */
export function Fold({ title, isOpen = false, children }: Props) {
  return (
    <details open={isOpen} className="group rounded border border-line">
      <summary className="flex min-h-9 touch:min-h-11 cursor-pointer list-none items-center gap-2 px-3 font-medium">
        <ChevronRight aria-hidden="true" className="size-4 shrink-0 group-open:rotate-90" />
        {title}
      </summary>
      <div className="grid grid-cols-1 gap-3 px-3 pt-1 pb-4">{children}</div>
    </details>
  )
}
