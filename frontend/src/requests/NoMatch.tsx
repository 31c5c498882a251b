import { X } from 'lucide-react'

import { Button } from '../ui/Button'
import { EmptyState } from '../ui/EmptyState'
import { texts } from './texts'
import type { View, Zoom } from './view'
import { without, words } from './words'

type Props = { view: View; onChange: (changes: { q?: string; zoom?: Zoom | null }) => void }

/** Which filters leave nothing, each to be taken away. */
export function NoMatch({ view, onChange }: Props) {
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
        {words(view.q).map((one) => (
          <li key={one.from}>
            <Button onClick={() => onChange({ q: without(view.q, [one]) })}>
              <span className={one.key === 'account' ? 'private' : undefined}>
                {view.q.slice(one.from, one.to)}
              </span>
              <X aria-hidden="true" className="size-3.5" />
            </Button>
          </li>
        ))}
      </ul>
    </EmptyState>
  )
}
