import { type ReactNode, useEffect } from 'react'

import { common } from '../lib/texts'

type Props = { title: string; actions?: ReactNode; children: ReactNode }

/** What every page begins with: its one h1, and what can be done here. */
export function Page({ title, actions, children }: Props) {
  useEffect(() => {
    document.title = `${title} · ${common.product}`
  }, [title])
  return (
    <>
      <header className="mb-4 flex min-h-8 flex-wrap items-center justify-between gap-x-4 gap-y-2">
        <h1 className="text-xl font-semibold">{title}</h1>
        {actions && <div className="flex flex-wrap gap-2">{actions}</div>}
      </header>
      {children}
    </>
  )
}
