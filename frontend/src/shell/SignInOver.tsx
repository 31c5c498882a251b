import { useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useEffect, useState } from 'react'

import { Problem } from '../api/problem'
import { signInEnded } from '../api/session'
import { common } from '../lib/texts'
import {
  currentSession,
  FIELDS,
  type Given,
  LAST_FIELD,
  nextStep,
  type Step,
  send,
} from '../login/steps'
import { texts as loginTexts } from '../login/texts'
import { Button } from '../ui/Button'
import { Dialog } from '../ui/Dialog'
import { Field } from '../ui/Field'
import { Input } from '../ui/Input'
import { texts } from './texts'

/** Signs in over the page; what waits for it then goes on by itself. */
export function SignInOver() {
  const cache = useQueryClient()
  const [step, setStep] = useState<Step>('password')
  const [given, setGiven] = useState<Given>({})
  const [error, setError] = useState<string | null>(null)
  const [busy, setBusy] = useState(false)

  function end(signedIn: boolean) {
    signInEnded(signedIn)
    if (signedIn) void cache.invalidateQueries()
  }

  async function during(work: () => Promise<void>) {
    setBusy(true)
    setError(null)
    try {
      await work()
    } catch (reason) {
      setError(Problem.of(reason).message)
    } finally {
      setBusy(false)
    }
  }

  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when it opens
  useEffect(() => {
    void during(async () => {
      const next = nextStep(await currentSession())
      if (next) setStep(next)
      else end(true) // another tab was faster
    })
  }, [])

  function submit(event: FormEvent) {
    event.preventDefault()
    if (busy) return
    void during(async () => {
      const next = nextStep(await send(step, given))
      setGiven({})
      if (next) setStep(next)
      else end(true)
    })
  }

  return (
    <Dialog
      open
      onClose={() => end(false)}
      title={texts.signInAgain}
      description={texts.signInAgainText}
      footer={
        <>
          <Button onClick={() => end(false)}>{common.cancel}</Button>
          <Button look="primary" type="submit" form="sign-in" busy={busy}>
            {loginTexts.sends[step]}
          </Button>
        </>
      }
    >
      <form id="sign-in" onSubmit={submit} className="grid gap-4">
        {FIELDS[step].map(({ name, autoComplete, secret }) => (
          <Field
            key={name}
            label={loginTexts.fields[name]}
            error={name === LAST_FIELD[step] ? error : null}
          >
            {(control) => (
              <Input
                {...control}
                type={secret ? 'password' : 'text'}
                autoComplete={autoComplete}
                value={given[name] ?? ''}
                onChange={({ target }) => setGiven({ ...given, [name]: target.value })}
              />
            )}
          </Field>
        ))}
      </form>
    </Dialog>
  )
}
