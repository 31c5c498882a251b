import { Link } from 'wouter'

import { Button } from '../ui/Button'
import { EmptyState } from '../ui/EmptyState'
import { ENTRIES, find } from './finding'
import { texts } from './texts'

type Props = { words: string; onClear: () => void }

/** Where what is looked for stands. */
export function Found({ words, onClear }: Props) {
  const found = find(ENTRIES, words)
  return (
    <div>
      <p role="status" className="mb-2 text-sm text-muted">
        {found.length > 0 && texts.found(found.length)}
      </p>
      {found.length === 0 ? (
        <EmptyState
          text={texts.noneFound(words)}
          action={<Button onClick={onClear}>{texts.clear}</Button>}
        />
      ) : (
        <ul className="rounded border border-line bg-card">
          {found.map(({ id, section, label, help }) => (
            <li key={id} className="border-b border-line last:border-b-0">
              <Link
                href={`/settings/${section}#${id}`}
                className="block px-4 py-2.5 -outline-offset-2 hover:bg-soft"
              >
                <span className="flex flex-wrap justify-between gap-x-4">
                  <span className="font-medium break-all">{label}</span>
                  <span className="text-sm text-muted">{texts.sections[section]}</span>
                </span>
                <span className="block text-sm text-muted">{help}</span>
              </Link>
            </li>
          ))}
        </ul>
      )}
    </div>
  )
}
