/** Short lists about one account. */

import { Link } from 'wouter'

import type { Schema } from '../api/queries'
import { number } from '../lib/format'
import { Card } from '../ui/Card'
import { RelativeTime } from '../ui/RelativeTime'
import { texts } from './texts'

const said = texts.findings
const LINK = 'rounded text-accent underline touch:py-3'

type PassedOverProps = { reasons: readonly Schema['PassedOver'][]; among: number }

export function PassedOver({ reasons, among }: PassedOverProps) {
  return (
    <Card title={said.passedOver}>
      <p className="text-muted">{said.among(among, reasons.length === 0)}</p>
      <ul className="mt-2 grid gap-1 empty:hidden">
        {reasons.map(({ reason, requests }) => (
          <li key={reason} className="flex justify-between gap-3">
            <span className="min-w-0 break-words first-letter:uppercase">{reason}</span>
            <span className="font-medium tabular">{number(requests)}</span>
          </li>
        ))}
      </ul>
    </Card>
  )
}

export function LastErrors({ rows }: { rows: readonly Schema['RequestLogEntry'][] }) {
  return (
    <Card title={said.errors}>
      {rows.length === 0 && <p className="text-muted">{said.noErrors}</p>}
      <ul className="grid gap-2.5">
        {rows.map(({ requestId, requestedAt, errorCode, errorMessage, status, model }) => (
          <li key={requestId} className="grid grid-cols-[6.5rem_1fr] gap-3">
            <span className="text-muted">
              <RelativeTime at={Date.parse(requestedAt)} />
            </span>
            <p className="min-w-0 break-words">
              <Link href={`/requests/${requestId}`} className={LINK}>
                {errorCode ?? status}
              </Link>{' '}
              <span className="text-muted">
                {model}
                {errorMessage && `: ${errorMessage}`}
              </span>
            </p>
          </li>
        ))}
      </ul>
    </Card>
  )
}

export function BoundKeys({ keys }: { keys: readonly Schema['BoundKey'][] }) {
  return (
    <Card title={said.keys}>
      <p className="text-muted">{keys.length === 0 ? said.noKeys : said.boundKeys}</p>
      <ul className="mt-2 flex flex-wrap gap-x-4 gap-y-1 empty:hidden">
        {keys.map(({ id, name }) => (
          <li key={id} className="min-w-0">
            <Link href={`/keys/${id}`} className={`${LINK} break-words`}>
              {name}
            </Link>
          </li>
        ))}
      </ul>
    </Card>
  )
}
