import { useQuery } from '@tanstack/react-query'
import { Plus } from 'lucide-react'
import { lazy, Suspense, useState } from 'react'
import { useLocation, useParams, useSearch } from 'wouter'

import { Loaded } from '../api/Loaded'
import { accounts } from '../api/queries'
import { Button } from '../ui/Button'
import { EmptyState } from '../ui/EmptyState'
import { Page } from '../ui/Page'
import { List } from './List'
import type { Account } from './state'
import { texts } from './texts'

const AddAccount = lazy(() =>
  import('../adding/AddAccount').then((file) => ({ default: file.AddAccount })),
)

/** The address says what is shown: the table, /accounts/new over it, or /accounts/ and an id. */
export function Accounts() {
  const { id } = useParams<{ id?: string }>()
  const [, navigate] = useLocation()
  const search = useSearch()
  const [again, setAgain] = useState<Account | null>(null)
  const query = useQuery(accounts)

  const to = (path: string) => navigate(search ? `${path}?${search}` : path)
  const add = (
    <Button look="primary" onClick={() => to('/accounts/new')}>
      <Plus aria-hidden="true" className="size-4" />
      {texts.add}
    </Button>
  )
  return (
    <Page title={texts.title} actions={query.data?.accounts.length ? add : undefined}>
      <Loaded query={query} lines={8}>
        {({ accounts: all }) =>
          all.length === 0 ? (
            <EmptyState text={texts.empty} action={add} />
          ) : (
            <List
              all={all}
              from={null}
              onOpen={({ accountId }) => to(`/accounts/${accountId}`)}
              onSignIn={setAgain}
            />
          )
        }
      </Loaded>
      <Suspense fallback={null}>
        {id === 'new' && <AddAccount onClose={() => to('/accounts')} />}
        {again && (
          <AddAccount
            again={{ id: again.accountId, email: again.email }}
            onClose={() => setAgain(null)}
          />
        )}
      </Suspense>
    </Page>
  )
}
