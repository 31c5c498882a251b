import { useQuery } from '@tanstack/react-query'
import { Link } from 'wouter'

import { Loaded } from '../api/Loaded'
import { connect, type Schema } from '../api/queries'
import { Page } from '../ui/Page'
import { Arrivals } from './Arrivals'
import { Configuration } from './Configuration'
import { Trouble } from './Trouble'
import { texts } from './texts'
import { useChoice } from './useChoice'

export function Connect() {
  const query = useQuery(connect)
  return (
    <Page title={texts.title}>
      <Loaded query={query} lines={8}>
        {(told) => <Told told={told} />}
      </Loaded>
    </Page>
  )
}

function Told({ told }: { told: Schema['ConnectDocument'] }) {
  const choice = useChoice(told)
  return (
    <>
      {!told.hasAccounts && (
        <p className="mb-4 rounded border border-line bg-card px-4 py-3">
          {texts.noAccounts}{' '}
          <Link href="/accounts/new" className="rounded text-accent underline">
            {texts.addAccount}
          </Link>
        </p>
      )}
      <div className="grid grid-cols-1 items-start gap-4 lg:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
        <Configuration told={told} choice={choice} />
        <div className="grid grid-cols-1 gap-4">
          <Arrivals seen={told.seen} turnedAway={told.turnedAway} />
          <Trouble told={told} choice={choice} />
        </div>
      </div>
    </>
  )
}
