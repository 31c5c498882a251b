import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'

import { api, ask } from '../api/client'
import { Problem } from '../api/problem'
import { accounts, type Schema } from '../api/queries'
import { say } from '../lib/messages'
import { Checkbox } from '../ui/Checkbox'
import { ConfirmDelete } from '../ui/ConfirmDelete'
import { texts } from './texts'

const said = texts.deletion

type Props = { document: Schema['AccountDocument']; onDeleted: () => void; onClose: () => void }

export function DeleteAccount({ document, onDeleted, onClose }: Props) {
  const { account, keys } = document
  const [withHistory, setWithHistory] = useState(false)
  const cache = useQueryClient()
  const remove = useMutation({
    mutationFn: () =>
      ask(
        api.DELETE('/api/accounts/{account_id}', {
          params: {
            path: { account_id: account.accountId },
            query: { delete_history: withHistory },
          },
        }),
      ),
    onSuccess() {
      onDeleted()
      say(said.done)
      return cache.invalidateQueries({ queryKey: accounts.queryKey, exact: true })
    },
  })
  const rows = account.requestUsage?.requestCount ?? 0
  return (
    <ConfirmDelete
      title={said.title}
      name={account.displayName}
      effects={said.effects(keys.length, rows, withHistory)}
      busy={remove.isPending}
      error={remove.error && Problem.of(remove.error).message}
      onConfirm={() => remove.mutate()}
      onClose={onClose}
    >
      {rows > 0 && (
        <Checkbox label={said.history(rows)} checked={withHistory} onChange={setWithHistory} />
      )}
    </ConfirmDelete>
  )
}
