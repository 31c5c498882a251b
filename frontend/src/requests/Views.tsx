import { BookmarkPlus, X } from 'lucide-react'
import { type FormEvent, useId, useState } from 'react'

import { say } from '../lib/messages'
import { common } from '../lib/texts'
import { useStore } from '../lib/useStore'
import { Button } from '../ui/Button'
import { Dialog } from '../ui/Dialog'
import { Field } from '../ui/Field'
import { IconButton } from '../ui/IconButton'
import { Input } from '../ui/Input'
import { texts } from './texts'
import { BUILT_IN, forget, own, type SavedView, save } from './views'

const said = texts.views

type Props = { q: string; onChange: (q: string) => void }

export function Views({ q, onChange }: Props) {
  const mine = useStore(own)
  const [isNaming, setNaming] = useState(false)
  const isKnown = [...BUILT_IN, ...mine].some((view) => view.q === q)

  function remove(view: SavedView) {
    forget(view)
    say(said.forgotten(view.name), { label: common.undo, run: () => save(view) })
  }

  return (
    <>
      <ul aria-label={said.label} className="-mx-1 mb-4 flex gap-1 overflow-x-auto p-1">
        {[...BUILT_IN, ...mine].map((view) => (
          <li key={view.name} className="flex shrink-0">
            <Button
              look="quiet"
              aria-pressed={view.q === q}
              onClick={() => onChange(view.q)}
              className="aria-pressed:bg-soft aria-pressed:text-accent"
            >
              {view.name}
            </Button>
            {view.q === q && mine.includes(view) && (
              <IconButton icon={X} label={said.forget(view.name)} onClick={() => remove(view)} />
            )}
          </li>
        ))}
        {!isKnown && (
          <li className="shrink-0">
            <Button look="quiet" onClick={() => setNaming(true)}>
              <BookmarkPlus aria-hidden="true" className="size-4" />
              {said.save}
            </Button>
          </li>
        )}
      </ul>
      {isNaming && <NameView q={q} onClose={() => setNaming(false)} />}
    </>
  )
}

function NameView({ q, onClose }: { q: string; onClose: () => void }) {
  const form = useId()
  const [name, setName] = useState('')
  const [error, setError] = useState<string | null>(null)

  function submit(event: FormEvent) {
    event.preventDefault()
    if (!name.trim()) return setError(said.nameMissing)
    save({ name: name.trim(), q })
    onClose()
  }

  return (
    <Dialog
      open
      onClose={onClose}
      title={said.save}
      description={said.saveText}
      footer={
        <>
          <Button onClick={onClose}>{common.cancel}</Button>
          <Button look="primary" type="submit" form={form}>
            {common.save}
          </Button>
        </>
      }
    >
      <form id={form} noValidate onSubmit={submit}>
        <Field label={said.name} error={error}>
          {(control) => (
            <Input
              {...control}
              value={name}
              maxLength={40}
              autoComplete="off"
              onChange={({ target }) => setName(target.value)}
            />
          )}
        </Field>
      </form>
    </Dialog>
  )
}
