import { useQuery } from '@tanstack/react-query'
import { CircleCheck } from 'lucide-react'

import { accounts, connect } from '../api/queries'
import { Private } from '../ui/Private'
import { Documents, type Fate } from './Documents'
import { texts } from './texts'

const said = texts.done

export type Done = { accountId: string } | { fates: readonly Fate[] }

/** Who was added. `again`: who was to be signed in anew. */
export function Outcome({ done, again }: { done: Done; again: string | null }) {
  const { data: pool } = useQuery(accounts)
  const { data: told } = useQuery(connect)
  return (
    <div className="grid grid-cols-1 gap-4 pt-2">
      <p role="status" className="flex items-center gap-2 text-lg">
        <CircleCheck aria-hidden="true" className="size-5 shrink-0 text-serving" />
        <span className="min-w-0 break-words">
          {'fates' in done ? (
            said.imported(count(done, 'added'), count(done, 'replaced'))
          ) : (
            <>
              <Private>
                {again ??
                  pool?.accounts.find(({ accountId }) => accountId === done.accountId)?.email ??
                  said.unnamed}
              </Private>{' '}
              {again ? said.anew : said.signedIn}
            </>
          )}
        </span>
      </p>
      {'fates' in done && <Documents label={texts.import.results} fates={done.fates} />}
      {!again && told?.seen.length === 0 && <p className="text-muted">{said.next}</p>}
    </div>
  )
}

const count = ({ fates }: { fates: readonly Fate[] }, wanted: string) =>
  fates.filter(({ state }) => state === wanted).length
