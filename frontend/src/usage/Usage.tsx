import { useQuery } from '@tanstack/react-query'
import { Link } from 'wouter'

import { Loaded } from '../api/Loaded'
import { usage } from '../api/queries'
import { shortDate } from '../lib/format'
import { flag, oneOf, text, whole } from '../lib/search'
import { useParams } from '../lib/useParams'
import { Bars } from '../ui/Bars'
import { Card } from '../ui/Card'
import { EmptyState } from '../ui/EmptyState'
import { Page } from '../ui/Page'
import { Select } from '../ui/Select'
import { Switch } from '../ui/Switch'
import { Breakdown } from './Breakdown'
import { Budgets } from './Budgets'
import { Days } from './Days'
import { MEASURES, ranked, series, told } from './figures'
import { Heat } from './Heat'
import { meant, today } from './stretch'
import { Totals } from './Totals'
import { texts } from './texts'

const GROUPS = ['account', 'model', 'key', 'client'] as const

const PARAMS = {
  days: whole(28),
  until: text(),
  by: oneOf(GROUPS, 'account'),
  show: oneOf(MEASURES, 'cost'),
  compare: flag(),
}

export function Usage() {
  const [{ days, until, by, show, compare }, change] = useParams(PARAMS)
  const stretch = meant({ days, until }, Date.now())
  const query = useQuery(usage({ ...stretch, group: by, compare }))
  const isOpen = stretch.until === '' || stretch.until === today(Date.now())
  return (
    <Page
      title={texts.title}
      actions={
        <>
          <Days stretch={stretch} onChange={change} />
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
            <div className="grid grid-cols-1 gap-4">
              <Totals total={document.total} previous={document.previous} isCompared={compare} />
              <Card title={`${texts.measures[show]} · ${texts.perDay}`}>
                <div className={by === 'account' ? 'private' : undefined}>
                  <Bars
                    label={texts.measures[show]}
                    series={series(document.groups, show)}
                    names={document.starts.map((start) => shortDate(Date.parse(start)))}
                    format={(value) => told(value, show)}
                    isOpen={isOpen}
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
