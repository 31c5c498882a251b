import { useQuery } from '@tanstack/react-query'

import { Loaded } from '../api/Loaded'
import { type Schema, sessions } from '../api/queries'
import { say } from '../lib/messages'
import { Badge } from '../ui/Badge'
import { Button } from '../ui/Button'
import { Card } from '../ui/Card'
import { RelativeTime } from '../ui/RelativeTime'
import { browserOf } from './browsers'
import type { Document } from './fields'
import { Row } from './Row'
import { SettingRow } from './SettingRow'
import { useEndSessions } from './signing'
import { texts } from './texts'

const said = texts.sessions

type Session = Schema['OpenSession']

/** Where one is signed in, and how long that lasts. */
export function Sessions({ document }: { document: Document }) {
  const query = useQuery(sessions)
  const end = useEndSessions()
  const others = (query.data ?? []).filter(({ isCurrent }) => !isCurrent).map(({ id }) => id)
  const endAll = () => end.mutate(others, { onSuccess: () => say(said.othersEnded) })
  return (
    <Card
      title={said.card}
      aside={
        others.length > 1 && (
          <Button busy={end.isPending} onClick={endAll}>
            {said.endOthers}
          </Button>
        )
      }
    >
      <Row id="sessions">
        <Loaded query={query}>
          {(found) =>
            found.length === 0 ? (
              <p className="text-muted">{said.none}</p>
            ) : (
              <ul aria-label={said.list} className="grid gap-3">
                {found.map((session) => (
                  <One
                    key={session.id}
                    session={session}
                    isBusy={end.isPending}
                    onEnd={() => end.mutate([session.id], { onSuccess: () => say(said.ended) })}
                  />
                ))}
              </ul>
            )
          }
        </Loaded>
      </Row>
      <SettingRow document={document} name="dashboardSessionTtlSeconds" />
    </Card>
  )
}

type Props = { session: Session; isBusy: boolean; onEnd: () => void }

function One({ session, isBusy, onEnd }: Props) {
  const { ipAddress, userAgent, createdAt, lastSeenAt, isCurrent } = session
  const name = browserOf(userAgent)
  return (
    <li className="flex flex-wrap items-center justify-between gap-x-4 gap-y-1">
      <div className="min-w-0">
        <p className="flex flex-wrap items-center gap-2 font-medium">
          {name}
          {isCurrent && <Badge>{said.this}</Badge>}
        </p>
        <p className="text-sm text-muted">
          {ipAddress && `${said.from(ipAddress)} · `}
          {said.since} <RelativeTime at={Date.parse(createdAt)} /> · {said.seen}{' '}
          <RelativeTime at={Date.parse(lastSeenAt)} />
        </p>
      </div>
      {!isCurrent && (
        <Button disabled={isBusy} aria-label={said.end(name)} onClick={onEnd}>
          {said.endShort}
        </Button>
      )}
    </li>
  )
}
