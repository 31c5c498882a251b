import { useQuery } from '@tanstack/react-query'
import { Link } from 'wouter'

import { Loaded } from '../api/Loaded'
import { usage } from '../api/queries'
import { shortDate } from '../lib/format'
import { flag, oneOf, whole } from '../lib/search'
import { useParams } from '../lib/useParams'
import { Bars } from '../ui/Bars'
import { Card } from '../ui/Card'
import { EmptyState } from '../ui/EmptyState'
import { Page } from '../ui/Page'
import { Select } from '../ui/Select'
import { Switch } from '../ui/Switch'
import { Breakdown } from './Breakdown'
import { Budgets } from './Budgets'
import { MEASURES, ranked, series, told } from './figures'
import { Heat } from './Heat'
import { Totals } from './Totals'
import { texts } from './texts'

const GROUPS = ['account', 'model', 'key', 'client'] as const
const DAYS = [7, 28, 90]
const MOST_DAYS = 366

const PARAMS = {
  days: whole(28),
  by: oneOf(GROUPS, 'account'),
  show: oneOf(MEASURES, 'cost'),
  compare: flag(),
}

export function Usage() {
  const [{ days, by, show, compare }, change] = useParams(PARAMS)
  const length = Math.min(MOST_DAYS, Math.max(1, days))
  const query = useQuery(usage({ days: length, group: by, compare }))
  const lengths = [...new Set([...DAYS, length])].sort((a, b) => a - b)
  return (
    <Page
      title={texts.title}
      actions={
        <>
          <Select
            aria-label={texts.days}
            value={String(length)}
            options={lengths.map((one) => [String(one), texts.lastDays(one)] as const)}
            onChange={(next) => change({ days: Number(next) })}
          />
          <Select
            aria-label={texts.measure}
            value={show}
            options={MEASURES.map((one) => [one, texts.measures[one]] as const)}
            onChange={(next) => change({ show: next })}
          />
          <Select
            aria-label={texts.group}
            value={by}
            options={GROUPS.map((one) => [one, `${texts.group} ${texts.groups[one]}`] as const)}
            onChange={(next) => change({ by: next })}
          />
        </>
      }
    >
      <div className="mb-4">
        <Switch
          label={texts.compare}
          checked={compare}
          onChange={(next) => change({ compare: next })}
        />
      </div>
      <Loaded query={query} lines={8}>
        {(document) =>
          document.total.requests === 0 ? (
            <EmptyState
              text={texts.empty}
              action={
                <Link href="/connect" className="rounded text-accent underline">
                  {texts.connect}
                </Link>
              }
            />
          ) : (
            <div className="grid gap-4">
              <Totals total={document.total} previous={document.previous} isCompared={compare} />
              <Card title={`${texts.measures[show]} · ${texts.perDay}`}>
                <div className={by === 'account' ? 'private' : undefined}>
                  <Bars
                    label={texts.measures[show]}
                    series={series(document.groups, show)}
                    names={document.starts.map((start) => shortDate(Date.parse(start)))}
                    format={(value) => told(value, show)}
                    isOpen
                  />
                </div>
              </Card>
              <Breakdown
                groups={ranked(document.groups, show)}
                by={by}
                unpriced={document.unpricedModels}
              />
              <Heat heat={document.heat} />
              <Budgets budgets={document.budgets} />
            </div>
          )
        }
      </Loaded>
    </Page>
  )
}
