import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'

import { api, ask } from '../api/client'
import { Problem } from '../api/problem'
import { accounts } from '../api/queries'
import { entries } from '../lib/entries'
import { say } from '../lib/messages'
import { common } from '../lib/texts'
import { Button } from '../ui/Button'
import { Card } from '../ui/Card'
import { Field } from '../ui/Field'
import { Input } from '../ui/Input'
import { useActions } from './changes'
import type { Account } from './state'
import { texts } from './texts'

const said = texts.preferences

/** What the operator calls it, and when it is used. */
export function Preferences({ account }: { account: Account }) {
  const actions = useActions()
  return (
    <Card title={said.title}>
      <Alias key={account.alias} account={account} />
      <fieldset className="mt-5">
        <legend className="mb-1 font-medium">{said.policy}</legend>
        {entries(texts.policies).map(([policy, { name, text }]) => (
          <label key={policy} className="flex min-h-7 touch:min-h-11 items-start gap-2 pt-1">
            <input
              type="radio"
              name="policy"
              checked={policy === account.routingPolicy}
              onChange={() => void actions.prefer([account], policy)}
              className="mt-0.5 size-4 shrink-0 accent-accent"
            />
            <span className="w-16 shrink-0">{name}</span>
            <span className="text-sm text-muted">{text}</span>
          </label>
        ))}
      </fieldset>
    </Card>
  )
}

function Alias({ account }: { account: Account }) {
  const [typed, setTyped] = useState(account.alias ?? '')
  const cache = useQueryClient()
  const save = useMutation({
    mutationFn: (alias: string | null) =>
      ask(
        api.PUT('/api/accounts/{account_id}/alias', {
          params: { path: { account_id: account.accountId } },
          body: { alias },
        }),
      ),
    onSuccess: () => cache.invalidateQueries({ queryKey: accounts.queryKey }),
  })

  function submit(event: FormEvent) {
    event.preventDefault()
    if (save.isPending) return
    const undo = { label: common.undo, run: () => save.mutate(account.alias) }
    save.mutate(typed.trim() || null, { onSuccess: () => say(said.saved, undo) })
  }

  return (
    <form onSubmit={submit}>
      <Field
        label={said.alias}
        hint={said.aliasHint}
        error={save.error && Problem.of(save.error).message}
      >
        {(control) => (
          <span className="flex gap-2">
            <Input
              {...control}
              className={typed ? 'private' : undefined}
              value={typed}
              maxLength={255}
              autoComplete="off"
              onChange={({ target }) => setTyped(target.value)}
            />
            <Button
              type="submit"
              busy={save.isPending}
              disabled={typed.trim() === (account.alias ?? '')}
            >
              {common.save}
            </Button>
          </span>
        )}
      </Field>
    </form>
  )
}
