import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useId, useState } from 'react'

import { api, ask } from '../api/client'
import { Problem } from '../api/problem'
import type { Schema } from '../api/queries'
import { common } from '../lib/texts'
import { Button } from '../ui/Button'
import { Dialog } from '../ui/Dialog'
import { Field } from '../ui/Field'
import { Input } from '../ui/Input'
import { texts } from './texts'

const { sheet } = texts

type Props = { onCreated: (key: Schema['ApiKeyCreateResponse']) => void; onClose: () => void }

export function CreateKey({ onCreated, onClose }: Props) {
  const form = useId()
  const cache = useQueryClient()
  const [name, setName] = useState('')
  const [isMissing, setMissing] = useState(false)
  const create = useMutation({
    mutationFn: () => ask(api.POST('/api/api-keys', { body: { name } })),
    onSuccess(key) {
      void cache.invalidateQueries()
      onCreated(key)
      onClose()
    },
  })

  function submit(event: FormEvent) {
    event.preventDefault()
    setMissing(name.trim() === '')
    if (name.trim() && !create.isPending) create.mutate()
  }

  const failure = create.error && Problem.of(create.error).message
  return (
    <Dialog
      open
      onClose={onClose}
      title={sheet.title}
      footer={
        <>
          <Button onClick={onClose}>{common.cancel}</Button>
          <Button look="primary" type="submit" form={form} busy={create.isPending}>
            {sheet.send}
          </Button>
        </>
      }
    >
      <form id={form} noValidate onSubmit={submit}>
        <Field label={sheet.name} hint={sheet.hint} error={isMissing ? sheet.missing : failure}>
          {(control) => (
            <Input
              {...control}
              value={name}
              maxLength={128}
              autoComplete="off"
              onChange={({ target }) => setName(target.value)}
            />
          )}
        </Field>
      </form>
    </Dialog>
  )
}
