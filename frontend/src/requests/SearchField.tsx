import { Search } from 'lucide-react'
import { type KeyboardEvent, useEffect, useId, useRef, useState } from 'react'

import type { Schema } from '../api/queries'
import { classes } from '../lib/classes'
import { CONTROL } from '../ui/Input'
import { completed, suggestions, typed } from './suggestions'
import { texts } from './texts'

const said = texts.search
const SETTLES_MS = 300 // a search per word rather than per letter

type Props = { q: string; facets: readonly Schema['Facet'][]; onChange: (q: string) => void }

/** A combobox: what may be typed next is offered below. */
export function SearchField({ q, facets, onChange }: Props) {
  const id = useId()
  const field = useRef<HTMLInputElement>(null)
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  const [draft, setDraft] = useState(q)
  const [seen, setSeen] = useState(q)
  const [caret, setCaret] = useState<number | null>(null) // null: nothing is offered
  const [at, setAt] = useState(-1)
  useEffect(() => () => clearTimeout(timer.current), [])
  if (q !== seen) {
    setSeen(q)
    if (q !== draft.trim()) setDraft(q) // a filter, a view, or the way back has changed it
  }
  const offered = caret === null ? [] : suggestions(draft, caret, facets)
  const isOpen = offered.length > 0

  function send(next: string) {
    clearTimeout(timer.current)
    onChange(next.trim())
  }

  function type(next: string, place: number) {
    setDraft(next)
    setCaret(place)
    setAt(-1)
    clearTimeout(timer.current)
    // What a key is to be is looked for when it is there: a space, Enter, or a choice ends it.
    if (/^-?[a-z]+:/.test(typed(next, place).word)) return
    timer.current = setTimeout(() => send(next), SETTLES_MS)
  }

  function choose(insert: string) {
    const [next, place] = completed(draft, caret ?? draft.length, insert)
    type(next, place)
    field.current?.focus()
    requestAnimationFrame(() => field.current?.setSelectionRange(place, place))
  }

  function onKeyDown(event: KeyboardEvent<HTMLInputElement>) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    const chosen = offered[at]
    if (event.key === 'Escape' && isOpen) setCaret(null)
    else if (step && isOpen) setAt((at + step + offered.length + 1) % (offered.length + 1))
    else if (step) setCaret(event.currentTarget.selectionStart)
    else if ((event.key === 'Enter' || event.key === 'Tab') && chosen) choose(chosen.insert)
    else if (event.key === 'Enter') {
      send(draft)
      setCaret(null)
    } else return
    event.preventDefault()
  }

  return (
    <div className="relative min-w-0 grow">
      <Search
        aria-hidden="true"
        className="pointer-events-none absolute top-1/2 left-2.5 size-4 -translate-y-1/2 text-muted"
      />
      <input
        ref={field}
        role="combobox"
        aria-label={said.label}
        aria-expanded={isOpen}
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        aria-activedescendant={isOpen && at >= 0 ? `${id}-${at}` : undefined}
        data-shortcut="/"
        type="text"
        enterKeyHint="search"
        autoComplete="off"
        autoCapitalize="off"
        spellCheck={false}
        maxLength={500}
        placeholder={said.placeholder}
        value={draft}
        onChange={({ target }) => type(target.value, target.selectionStart ?? target.value.length)}
        onClick={({ currentTarget }) => setCaret(currentTarget.selectionStart)}
        onKeyDown={onKeyDown}
        onBlur={() => {
          setCaret(null)
          if (draft.trim() !== q) send(draft)
        }}
        className={classes(CONTROL, 'pl-8 font-mono text-sm', /account:/.test(draft) && 'private')}
      />
      <div
        id={`${id}-list`}
        role="listbox"
        aria-label={said.suggestions}
        className={classes(
          'absolute inset-x-0 top-full z-20 mt-1 max-h-80 max-w-xl overflow-y-auto rounded border border-line bg-card p-1 shadow-over',
          !isOpen && 'hidden',
        )}
      >
        {offered.map(({ insert, hint, isPrivate }, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: keys are pressed in the field
          <div
            key={insert}
            id={`${id}-${index}`}
            role="option"
            aria-selected={index === at}
            onPointerDown={(event) => event.preventDefault()} // the focus stays in the field
            onClick={() => choose(insert)}
            className="flex min-h-8 touch:min-h-11 cursor-pointer items-center gap-3 rounded px-2 hover:bg-soft aria-selected:bg-soft"
          >
            <span className={classes('truncate font-mono text-sm', isPrivate && 'private')}>
              {insert}
            </span>
            <span className="ml-auto shrink-0 text-sm text-muted">{hint}</span>
          </div>
        ))}
      </div>
    </div>
  )
}
