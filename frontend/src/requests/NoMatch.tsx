import { X } from 'lucide-react'

import { Button } from '../ui/Button'
import { EmptyState } from '../ui/EmptyState'
import { texts } from './texts'
import type { Zoom } from './view'
import { without, words } from './words'

type Props = { q: string; onChange: (changes: { q?: string; zoom?: Zoom | null }) => void }

/** Which filters leave nothing, each to be taken away. */
export function NoMatch({ q, onChange }: Props) {
  return (
    <EmptyState
      text={texts.noMatch}
      action={
        <Button look="primary" onClick={() => onChange({ q: '', zoom: null })}>
          {texts.clear}
        </Button>
      }
    >
      <ul className="flex flex-wrap justify-center gap-2">
        {words(q).map((one) => (
          <li key={one.from}>
            <Button onClick={() => onChange({ q: without(q, [one]) })}>
              <span className={one.key === 'account' ? 'private' : undefined}>
                {q.slice(one.from, one.to)}
              </span>
              <X aria-hidden="true" className="size-3.5" />
            </Button>
          </li>
        ))}
      </ul>
    </EmptyState>
  )
}
