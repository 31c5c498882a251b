import { type ReactNode, useEffect } from 'react'

import { common } from '../lib/texts'

type Props = {
  title: string
  heading?: ReactNode // in the title's place, where that must not say everything
  above?: ReactNode // the way back
  actions?: ReactNode
  children: ReactNode
}

/** What every page begins with: its one h1, and what can be done here. */
export function Page({ title, heading = title, above, actions, children }: Props) {
  useEffect(() => {
    document.title = `${title} · ${common.product}`
  }, [title])
  return (
    <>
      {above && <div className="mb-1">{above}</div>}
      <header className="mb-4 flex min-h-8 flex-wrap items-center justify-between gap-x-4 gap-y-2">
        <h1 className="min-w-0 text-xl font-semibold break-words">{heading}</h1>
        {actions && <div className="flex flex-wrap gap-2">{actions}</div>}
      </header>
      {children}
    </>
  )
}
