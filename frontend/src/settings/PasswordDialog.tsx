import { type FormEvent, useState } from 'react'

import { Problem } from '../api/problem'
import { say } from '../lib/messages'
import { common } from '../lib/texts'
import { Button } from '../ui/Button'
import { Dialog } from '../ui/Dialog'
import { Field } from '../ui/Field'
import { Input } from '../ui/Input'
import { Meter } from '../ui/Meter'
import { type Faults, faults, strength } from './passwords'
import { type PasswordStep, usePassword } from './signing'
import { texts } from './texts'

const said = texts.password

/** Sets, changes or removes the password; the service's own refusal stands at the field it is of. */
export function PasswordDialog({ step, onClose }: { step: PasswordStep; onClose: () => void }) {
  const [given, setGiven] = useState({ current: '', fresh: '', repeat: '' })
  const [wrong, setWrong] = useState<Faults>({})
  const send = usePassword(step)
  const refused = send.error && Problem.of(send.error)
  const asksOld = step !== 'set'
  const asksNew = step !== 'remove'
  const isOld = asksOld && refused?.code !== 'validation_error'

  function submit(event: FormEvent) {
    event.preventDefault()
    const found = asksNew ? faults(given.fresh, given.repeat) : {}
    setWrong(found)
    if (send.isPending || Object.keys(found).length > 0) return
    send.mutate(given, {
      onSuccess() {
        onClose()
        say(said.done[step])
      },
    })
  }

  const field = (
    name: keyof typeof given,
    autoComplete: string,
    error: string | null | undefined,
  ) => (
    <Field label={said[name]} error={error}>
      {(control) => (
        <Input
          {...control}
          type="password"
          autoComplete={autoComplete}
          value={given[name]}
          onChange={({ target }) => setGiven({ ...given, [name]: target.value })}
        />
      )}
    </Field>
  )

  return (
    <Dialog
      open
      onClose={onClose}
      title={said[step]}
      description={step === 'remove' ? said.removeText : step === 'change' ? said.ends : null}
      footer={
        <>
          <Button onClick={onClose}>{common.cancel}</Button>
          <Button
            look={step === 'remove' ? 'danger' : 'primary'}
            type="submit"
            form="password-form"
            busy={send.isPending}
          >
            {said[step]}
          </Button>
        </>
      }
    >
      <form id="password-form" onSubmit={submit} className="grid gap-4">
        <input type="text" autoComplete="username" value="operator" readOnly hidden />
        {asksOld && field('current', 'current-password', isOld ? refused?.message : null)}
        {asksNew && (
          <>
            <div className="grid gap-2">
              {field('fresh', 'new-password', wrong.fresh ?? (isOld ? null : refused?.message))}
              {given.fresh && <Strength password={given.fresh} />}
            </div>
            {field('repeat', 'new-password', wrong.repeat)}
          </>
        )}
      </form>
    </Dialog>
  )
}

function Strength({ password }: { password: string }) {
  const { is, share } = strength(password)
  return (
    <div className="grid gap-1 text-sm text-muted">
      <Meter
        label={said.strength}
        share={share}
        text={said.strengths[is]}
        fill={is === 'weak' ? 'bg-low' : 'bg-serving'}
      />
      {said.strengths[is]}
    </div>
  )
}
