import { type ReactNode, useId } from 'react'

type Props = { title: string; aside?: ReactNode; children: ReactNode }

/** A section of a page. */
export function Card({ title, aside, children }: Props) {
  const id = useId()
  return (
    <section aria-labelledby={id} className="rounded border border-line bg-card">
      <header className="flex min-h-11 items-center justify-between gap-3 border-b border-line px-4 py-1.5">
        <h2 id={id} className="text-lg font-semibold">
          {title}
        </h2>
        {aside}
      </header>
      <div className="p-4">{children}</div>
    </section>
  )
}
