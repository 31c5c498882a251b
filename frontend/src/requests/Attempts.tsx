import type { Schema } from '../api/queries'
import { duration } from '../lib/format'
import { Private } from '../ui/Private'
import { Status } from '../ui/Status'
import { Part } from './Part'
import { texts } from './texts'

const said = texts.detail
const reasons: Record<string, string> = said.reasons
const verdicts: Record<string, string> = said.verdicts

type Attempt = Schema['RequestLogAttempt']
type Props = { attempts: readonly Attempt[]; names: Record<string, string> }

/** Which accounts were asked, why these, and what came of it. */
export function Attempts({ attempts, names }: Props) {
  return (
    <Part title={said.attempts}>
      {attempts.length === 0 && <p className="text-muted">{said.noAttempts}</p>}
      <ol className="grid gap-4">
        {attempts.map((attempt, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: an account may be asked twice
          <li key={at} className="grid gap-1 border-l-2 border-line pl-3">
            <div className="flex flex-wrap items-baseline gap-x-2">
              <span className="min-w-0 font-medium break-words">
                <Private>{names[attempt.accountId] ?? attempt.accountId}</Private>
              </span>
              <span className="text-sm text-muted">
                {reasons[attempt.reason] ?? said.policy(attempt.reason)}
              </span>
            </div>
            <div className="flex flex-wrap items-center gap-x-2">
              <Status tone={isGood(attempt) ? 'serving' : 'failed'}>
                {attempt.status === 0 ? said.noReply : said.status(attempt.status)}
              </Status>
              {attempt.code && <code className="text-sm break-all">{attempt.code}</code>}
              <span className="text-sm text-muted tabular">
                {[
                  attempt.startedMs > 0 && said.began(duration(attempt.startedMs)),
                  attempt.waitedMs > 0 && said.waited(duration(attempt.waitedMs)),
                  said.took(duration(attempt.tookMs)),
                ]
                  .filter(Boolean)
                  .join(', ')}
              </span>
            </div>
            {attempt.detail && <p className="text-sm break-words">{attempt.detail}</p>}
            <p className="text-sm text-muted">{verdicts[attempt.verdict] ?? attempt.verdict}</p>
            {attempt.skipped.length > 0 && (
              <details className="text-sm">
                <summary className="w-fit cursor-pointer rounded touch:py-3 text-muted">
                  {said.skipped(attempt.skipped.length)}
                </summary>
                <dl className="mt-1 grid gap-1">
                  {attempt.skipped.map(({ accountId, reason }) => (
                    <div key={accountId} className="flex flex-wrap gap-x-2">
                      <dt className="break-all">
                        <Private>{names[accountId] ?? accountId}</Private>
                      </dt>
                      <dd className="text-muted">{reason}</dd>
                    </div>
                  ))}
                </dl>
              </details>
            )}
          </li>
        ))}
      </ol>
    </Part>
  )
}

const isGood = ({ status, code }: Attempt) => status >= 200 && status < 300 && code === null
