import { ChevronRight } from 'lucide-react'

import { texts } from './texts'

type Props = { variable: string; baseUrl: string; isOpen: boolean }

/** What never reaches the log: only the client knows of it. */
export function Trouble({ variable, baseUrl, isOpen }: Props) {
  const { title, why, rows } = texts.trouble
  return (
    <details open={isOpen} className="group rounded border border-line">
      <summary className="flex min-h-9 touch:min-h-11 cursor-pointer list-none items-center gap-2 px-3 font-medium">
        <ChevronRight aria-hidden="true" className="size-4 group-open:rotate-90" />
        {title}
      </summary>
      <div className="grid gap-3 px-3 pt-1 pb-4">
        <p className="text-muted">{why}</p>
        <dl className="grid gap-3">
          {rows(variable, baseUrl).map(([shown, meaning]) => (
            <div key={shown}>
              <dt className="font-medium">{shown}</dt>
              <dd className="break-words text-muted">{meaning}</dd>
            </div>
          ))}
        </dl>
      </div>
    </details>
  )
}
