import { useQuery } from '@tanstack/react-query'
import { Plus } from 'lucide-react'
import { lazy, Suspense, useEffect, useRef, useState } from 'react'
import { useLocation, useParams, useSearch } from 'wouter'

import { Loaded } from '../api/Loaded'
import { accounts } from '../api/queries'
import { Button } from '../ui/Button'
import { EmptyState } from '../ui/EmptyState'
import { Page } from '../ui/Page'
import { Detail } from './Detail'
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

  const opened = id && id !== 'new' ? id : null
  const from = useReturn(opened)
  const here = (path: string) => (search ? `${path}?${search}` : path)
  const to = (path: string) => navigate(here(path))
  const hrefOf = ({ accountId }: Account) => here(`/accounts/${accountId}`)
  const add = (
    <Button look="primary" onClick={() => to('/accounts/new')}>
      <Plus aria-hidden="true" className="size-4" />
      {texts.add}
    </Button>
  )
  return (
    <>
      {opened ? (
        <Detail
          key={opened}
          id={opened}
          back={here('/accounts')}
          onBack={() => to('/accounts')}
          onSignIn={setAgain}
        />
      ) : (
        <Page title={texts.title} actions={query.data?.accounts.length ? add : undefined}>
          <Loaded query={query} lines={8}>
            {({ accounts: all }) =>
              all.length === 0 ? (
                <EmptyState text={texts.empty} action={add} />
              ) : (
                <List
                  all={all}
                  from={from}
                  hrefOf={hrefOf}
                  onOpen={(account) => navigate(hrefOf(account))}
                  onSignIn={setAgain}
                />
              )
            }
          </Loaded>
        </Page>
      )}
      <Suspense fallback={null}>
        {id === 'new' && <AddAccount onClose={() => to('/accounts')} />}
        {again && (
          <AddAccount
            again={{ id: again.accountId, email: again.email }}
            onClose={() => setAgain(null)}
          />
        )}
      </Suspense>
    </>
  )
}

/** The account that was open last; the focus goes to what opens after the table. */
function useReturn(opened: string | null): string | null {
  const wasListed = useRef(false)
  const [last, setLast] = useState<string | null>(null)
  useEffect(() => {
    if (opened === null) {
      wasListed.current = true
      return
    }
    setLast(opened)
    if (!wasListed.current) return
    document.getElementById('content')?.focus({ preventScroll: true })
    window.scrollTo(0, 0)
  }, [opened])
  return last
}
