import { type FormEvent, useId, useState } from 'react'

import { Problem } from '../api/problem'
import { entries } from '../lib/entries'
import { common } from '../lib/texts'
import { Button } from '../ui/Button'
import { ErrorState } from '../ui/ErrorState'
import { Field } from '../ui/Field'
import { Input } from '../ui/Input'
import { Select } from '../ui/Select'
import { Sheet } from '../ui/Sheet'
import { type NewKey, useSave } from './changes'
import { type Draft, draftOf, EMPTY, type Faults, faults, termsOf } from './draft'
import { MoreTerms } from './MoreTerms'
import type { Key } from './state'
import { texts } from './texts'

const { sheet } = texts

type Props = {
  editing: Key | null | undefined // null: a new one; undefined: it is gone
  onSaved: (fresh: NewKey | null, name: string) => void
  onClose: () => void
}

/** Name, budget and expiry; what is rarely wanted is folded away. */
export function KeySheet({ editing, onSaved, onClose }: Props) {
  const form = useId()
  const [draft, setDraft] = useState<Draft>(editing ? draftOf(editing) : EMPTY)
  const [wrong, setWrong] = useState<Faults>({})
  const save = useSave()
  const change = (changes: Partial<Draft>) => setDraft((before) => ({ ...before, ...changes }))

  if (editing === undefined) {
    return <Sheet open onClose={onClose} title={sheet.missing} />
  }

  function submit(event: FormEvent) {
    event.preventDefault()
    const found = faults(draft)
    setWrong(found)
    if (Object.keys(found).length > 0 || save.isPending) return
    const terms = termsOf(draft, Date.now(), editing ?? undefined)
    save.mutate(
      { id: editing?.id ?? null, terms },
      { onSuccess: (fresh) => onSaved(fresh, draft.name) },
    )
  }

  return (
    <Sheet
      open
      onClose={onClose}
      title={editing ? sheet.edit(editing.name) : sheet.create}
      footer={
        <>
          <Button onClick={onClose}>{common.cancel}</Button>
          <Button look="primary" type="submit" form={form} busy={save.isPending}>
            {editing ? common.save : sheet.send}
          </Button>
        </>
      }
    >
      <form id={form} noValidate onSubmit={submit} className="grid gap-4">
        {save.error && <ErrorState message={Problem.of(save.error).message} />}
        <Field label={sheet.name} hint={sheet.nameHint} error={wrong.name}>
          {(control) => (
            <Input
              {...control}
              value={draft.name}
              maxLength={128}
              autoComplete="off"
              onChange={({ target }) => change({ name: target.value })}
            />
          )}
        </Field>
        <div className="grid grid-cols-2 gap-3">
          <Field label={sheet.budget} hint={sheet.budgetHint} error={wrong.budget}>
            {(control) => (
              <Input
                {...control}
                inputMode="decimal"
                autoComplete="off"
                value={draft.budget}
                onChange={({ target }) => change({ budget: target.value })}
              />
            )}
          </Field>
          <Field label={sheet.budgetWindow}>
            {(control) => (
              <Select
                {...control}
                value={draft.budgetWindow}
                options={WINDOWS}
                onChange={(budgetWindow) => change({ budgetWindow })}
              />
            )}
          </Field>
        </div>
        <div className="grid grid-cols-2 gap-3">
          <Field label={sheet.expiry}>
            {(control) => (
              <Select
                {...control}
                value={draft.expiry}
                options={EXPIRIES}
                onChange={(expiry) => change({ expiry })}
              />
            )}
          </Field>
          {draft.expiry === 'on' && (
            <Field label={sheet.expiresOn} error={wrong.expiresOn}>
              {(control) => (
                <Input
                  {...control}
                  type="date"
                  value={draft.expiresOn}
                  onChange={({ target }) => change({ expiresOn: target.value })}
                />
              )}
            </Field>
          )}
        </div>
        <MoreTerms draft={draft} badRule={wrong.rules} onChange={change} />
      </form>
    </Sheet>
  )
}

const EXPIRIES = Object.entries(sheet.expiries) as [Draft['expiry'], string][]
const WINDOWS = entries(common.limits.windows)
