import { useMutation } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'

import { api, ask } from '../api/client'
import { Problem } from '../api/problem'
import { Button } from '../ui/Button'
import { Field } from '../ui/Field'
import { Input } from '../ui/Input'
import { texts } from './texts'

const said = texts.browser

/** How it went is told where the sign-in is waited for; here only what is wrong with the address. */
export function PasteAddress({ flowId }: { flowId: string }) {
  const [pasted, setPasted] = useState('')
  const [isEmpty, setEmpty] = useState(false)
  const paste = useMutation({
    mutationFn: (callbackUrl: string) =>
      ask(api.POST('/api/oauth/manual-callback', { body: { callbackUrl, flowId } })),
  })

  function submit(event: FormEvent) {
    event.preventDefault()
    const address = pasted.trim()
    setEmpty(address === '')
    if (address && !paste.isPending) paste.mutate(address)
  }

  const failure = paste.error ? Problem.of(paste.error).message : paste.data?.errorMessage
  return (
    <form noValidate onSubmit={submit} className="grid gap-3">
      <Field label={said.pasted} error={isEmpty ? said.empty : failure}>
        {(control) => (
          <Input
            {...control}
            value={pasted}
            autoComplete="off"
            spellCheck={false}
            placeholder="http://localhost:1455/auth/callback?code=…"
            onChange={({ target }) => setPasted(target.value)}
          />
        )}
      </Field>
      <Button type="submit" className="justify-self-start" busy={paste.isPending}>
        {said.finish}
      </Button>
    </form>
  )
}
