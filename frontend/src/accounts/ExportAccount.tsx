import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'

import { api, ask } from '../api/client'
import { Problem } from '../api/problem'
import { entries } from '../lib/entries'
import { say } from '../lib/messages'
import { common } from '../lib/texts'
import { Button } from '../ui/Button'
import { Dialog } from '../ui/Dialog'
import { ErrorState } from '../ui/ErrorState'
import { Field } from '../ui/Field'
import { Select } from '../ui/Select'
import type { Account } from './state'
import { texts } from './texts'

const said = texts.export

type Props = { target: Account; onClose: () => void }

/** The sign-in as another program keeps it; it goes into a file and is never shown. */
export function ExportAccount({ target, onClose }: Props) {
  const [form, setForm] = useState<keyof typeof said.forms>('codex')
  const take = useMutation({
    mutationFn: () =>
      ask(
        api.POST('/api/accounts/{account_id}/export/auth', {
          params: { path: { account_id: target.accountId } },
        }),
      ),
    onSuccess({ filename, codexAuthJson: codex, opencodeAuthJson: opencode }) {
      download(filename, form === 'codex' ? codex : opencode)
      onClose()
      say(said.done(filename))
    },
    gcTime: 0, // tokens are not kept
  })
  return (
    <Dialog
      open
      onClose={onClose}
      title={said.title}
      description={said.text}
      footer={
        <>
          <Button onClick={onClose}>{common.cancel}</Button>
          <Button look="danger" busy={take.isPending} onClick={() => take.mutate()}>
            {said.take}
          </Button>
        </>
      }
    >
      {take.error && <ErrorState message={Problem.of(take.error).message} />}
      <Field label={said.form} hint={said.places[form]}>
        {(control) => (
          <Select {...control} value={form} options={entries(said.forms)} onChange={setForm} />
        )}
      </Field>
    </Dialog>
  )
}

function download(name: string, content: unknown): void {
  const file = new Blob([`${JSON.stringify(content, null, 2)}\n`], { type: 'application/json' })
  const link = document.createElement('a')
  link.href = URL.createObjectURL(file)
  link.download = name
  link.click()
  URL.revokeObjectURL(link.href)
}
