import { type FormEvent, useState } from 'react'

import { Problem } from '../api/problem'
import { common } from '../lib/texts'
import { Button } from '../ui/Button'
import { Checkbox } from '../ui/Checkbox'
import { Dialog } from '../ui/Dialog'
import { Field } from '../ui/Field'
import { Input } from '../ui/Input'
import { useExport } from './moving'
import { texts } from './texts'

const said = texts.data
const SHORTEST = 12 // characters, as in store/bundle_file.py

export function BundleExport({ onClose }: { onClose: () => void }) {
  const [given, setGiven] = useState({ passphrase: '', repeat: '', withHistory: false })
  const [sent, setSent] = useState(false)
  const send = useExport()
  const short = given.passphrase.length < SHORTEST ? said.short(SHORTEST) : null
  const differs = short === null && given.passphrase !== given.repeat ? said.different : null
  const refused = send.error && Problem.of(send.error).message

  function submit(event: FormEvent) {
    event.preventDefault()
    setSent(true)
    if (send.isPending || short || differs) return
    const { passphrase, withHistory } = given
    send.mutate({ passphrase, withHistory }, { onSuccess: onClose })
  }

  return (
    <Dialog
      open
      onClose={onClose}
      title={said.export}
      description={said.moveText}
      footer={
        <>
          <Button onClick={onClose}>{common.cancel}</Button>
          <Button look="primary" type="submit" form="bundle-export" busy={send.isPending}>
            {said.send}
          </Button>
        </>
      }
    >
      <form id="bundle-export" onSubmit={submit} className="grid gap-4">
        <Field
          label={said.passphrase}
          hint={said.passphraseHint(SHORTEST)}
          error={(sent && short) || refused}
        >
          {(control) => (
            <Input
              {...control}
              type="password"
              autoComplete="off"
              value={given.passphrase}
              onChange={({ target }) => setGiven({ ...given, passphrase: target.value })}
            />
          )}
        </Field>
        <Field label={said.repeat} error={sent ? differs : null}>
          {(control) => (
            <Input
              {...control}
              type="password"
              autoComplete="off"
              value={given.repeat}
              onChange={({ target }) => setGiven({ ...given, repeat: target.value })}
            />
          )}
        </Field>
        <Checkbox
          label={said.history}
          checked={given.withHistory}
          onChange={(withHistory) => setGiven({ ...given, withHistory })}
        />
      </form>
    </Dialog>
  )
}
