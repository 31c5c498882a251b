import { type ReactNode, useEffect, useRef } from 'react'

import { classes } from '../lib/classes'

/** A `Field` whose control stands at the right of its label, where there is room. */
export const SIDE_BY_SIDE =
  'md:grid-cols-[minmax(0,1fr)_16rem] md:gap-x-8 md:[&>:first-child]:self-end md:[&>:nth-child(2)]:col-start-2 md:[&>:nth-child(2)]:row-span-2 md:[&>:nth-child(2)]:self-center'

/** The same for a `Switch`. */
export const SWITCH_AT_END = 'w-full flex-row-reverse justify-between gap-x-8'

/** One line of a section. `id`: under which the search finds it. */
export function Row({ id, children }: { id: string; children: ReactNode }) {
  const row = useRef<HTMLDivElement>(null)
  const isMeant = window.location.hash === `#${id}`
  useEffect(() => {
    if (isMeant) row.current?.scrollIntoView({ block: 'center' })
  }, [isMeant])
  return (
    <div
      ref={row}
      id={id}
      className={classes(
        'border-b border-line py-4 first-of-type:pt-0 last:border-b-0 last:pb-0',
        isMeant && 'bg-soft outline-8 outline-soft',
      )}
    >
      {children}
    </div>
  )
}
